/** ` — did you mean "name"?` for the candidate nearest to what was written, or nothing. */
export declare function didYouMean(written: string, candidates: Iterable<string>): string;

/** What a descriptor is made of: JSON, and JavaScript where a captured value goes in. */
export type Data = null | boolean | number | string | Code | readonly Data[] | { readonly [key: string]: Data };

/** An expression of the emitted function, e.g. `lockstep.literal(threshold)`; `captures` are the names it needs. */
export class Code {
  readonly text: string;
  /** Parameter name in the descriptor → JavaScript at the verb's call. */
  readonly captures: Readonly<Record<string, string>>;
  constructor(text: string, captures: Readonly<Record<string, string>>) {
    this.text = text;
    this.captures = captures;
  }
}

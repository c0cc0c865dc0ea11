/** A page of the site before it is HTML. */

export interface Page {
  /** `guides/tables`, without an ending; the home page is `index`. */
  readonly path: string;
  readonly section: string;
  readonly title: string;
  readonly markdown: string;
  /** The file it stands in, relative to the repository: what its links are relative to; null: it is generated. */
  readonly file: string | null;
}

export const titleOf = (markdown: string): string => /^# (.*)$/m.exec(markdown)?.[1] ?? "";

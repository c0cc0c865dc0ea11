/** What readers and writers of databases take for SQL. */

/** A text that begins as a statement does; a table's name has no blank outside of quotes. */
export const isQuery = (text: string): boolean => /^\s*(?:(?:select|with|values|table)[\s(]|\()/i.test(text);

/** A name as SQL writes it. */
export const nameOf = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** A part of a table's name. */
export interface Part {
  readonly text: string;
  readonly isQuoted: boolean;
}

/** `schema.table` → its parts, of which those in quotes are as they are. */
export function partsOf(table: string): Part[] | undefined {
  if (!/^(?:"(?:[^"]|"")+"|[^".]+)(?:\.(?:"(?:[^"]|"")+"|[^".]+))*$/.test(table)) return undefined;
  return [...table.matchAll(/"((?:[^"]|"")+)"|([^".]+)/g)].map(([, inQuotes, bare]) => ({ text: inQuotes?.replaceAll('""', '"') ?? bare!, isQuoted: inQuotes !== undefined }));
}

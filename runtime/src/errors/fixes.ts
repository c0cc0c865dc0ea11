/** Sentences that errors say of how to mend them, where several have them. */

/** A column's name as a key of an object in a program. */
export const asKey = (column: string): string => (/^[A-Za-z_$][\w$]*$/.test(column) ? column : JSON.stringify(column));

/** For a column whose values are not what it was read as: an integer that a number cannot hold is a bigint. */
export const openAs = (type: "bigint" | "bigint[]" | "string", column: string): string => `Read the column as ${type}: \`types: { ${asKey(column)}: "${type}" }\` in the reader and \`${asKey(column)}: ${type}\` in the interface.`;

/** For a file of one column whose name another character divides; undefined where none does. */
export function otherDelimiter(column: string): string | undefined {
  const found = [";", "\t", "|", ","].find((character) => column.includes(character));
  return found === undefined ? undefined : `Say what stands between its fields: \`delimiter: ${JSON.stringify(found)}\`.`;
}

/** What readers of databases take for SQL. */

/** A text that begins as a statement does; a table's name has no blank outside of quotes. */
export const isQuery = (text: string): boolean => /^\s*(?:(?:select|with|values|table)[\s(]|\()/i.test(text);

import { otherDelimiter } from "../errors/fixes.ts";
import { didYouMean, LockstepError } from "../errors/index.ts";
import type { Column } from "./column.ts";

export type Columns = ReadonlyMap<string, Column>;

/** What columns are called; some are not made yet. */
export type Called = ReadonlyMap<string, Pick<Column, "origin"> | undefined>;

/** A row function, called with the row it is moved to. */
export interface Cursor {
  /** One object for all rows: a property reads its column in the current row, so only what is looked at is read. */
  readonly row: object;
  move(row: number): void;
}

/** A cursor over columns. Reading a name that is no column is LS2016. */
export function cursor(columns: Columns): Cursor {
  let current = 0;
  const row = Object.create(misspelt(columns)) as object;
  for (const [name, column] of columns) {
    Object.defineProperty(row, name, { enumerable: true, get: () => column.glimpse(current) });
  }
  return {
    row,
    move(next) {
      current = next;
    },
  };
}

/** The prototype of rows: reached only by names that are no columns. */
function misspelt(columns: Columns): object {
  return new Proxy(Object.create(null) as object, {
    get(_, name) {
      if (typeof name === "symbol" || name in Object.prototype || name === "toJSON" || name === "then") {
        return Reflect.get(Object.prototype, name) as unknown;
      }
      throw unknownColumn(name, columns);
    },
  });
}

/** LS2016: the name is not among the columns. */
export function unknownColumn(name: string, columns: Called): LockstepError {
  const [only] = columns.size === 1 ? columns : [];
  // Of a file: of other tables nobody divides the names.
  const divided = only?.[1]?.origin === undefined ? undefined : otherDelimiter(only[0]);
  return new LockstepError({
    code: "LS2016",
    message: `there is no column "${name}"${didYouMean(name, columns.keys())}`,
    why: [`the table has ${[...columns.keys()].map((column) => `"${column}"`).join(", ") || "no columns"}`],
    fix: divided ?? "Name a column of the table.",
  });
}

/** The column of a name, or LS2016. */
export function columnNamed(columns: Columns, name: string): Column {
  const column = columns.get(name);
  if (column === undefined) throw unknownColumn(name, columns);
  return column;
}

/** Columns under other names. LS2016 where two would have the same. */
export function renamedColumns(columns: Columns, names: ReadonlyMap<string, string>): Columns {
  const renamed = new Map<string, Column>();
  for (const [old, name] of names) {
    if (renamed.has(name)) throw new LockstepError({ code: "LS2016", message: `two columns would be named "${name}"` });
    renamed.set(name, columnNamed(columns, old));
  }
  return renamed;
}

/** What the arguments of verbs stand for in a table. */
import { LockstepError } from "../errors/index.ts";
import type { Column, Rows } from "./column.ts";
import { inferColumn } from "./infer.ts";
import { isSelector } from "./made.ts";
import { columnNamed, cursor, type Columns } from "./row.ts";
import { namesOf } from "./selection.ts";
import type * as T from "./types.ts";

/** A table as verbs see it. */
export interface Side {
  readonly columns: Columns;
  readonly rows: number;
}

type AnyRowFunction = T.RowFunction<any>;

/** The rows for which the predicate is truthy. */
export function rowsWhere(table: Side, predicate: AnyRowFunction): Rows {
  const kept: number[] = [];
  scan(table, predicate, (value, row) => {
    if (value) kept.push(row);
  });
  return Int32Array.from(kept);
}

/** The column of a row function's values. */
export function computed(table: Side, fn: AnyRowFunction, name: string): Column {
  return inferColumn(valuesOf(table, fn), `the column "${name}"`);
}

/** What a function gives for each row. */
export function valuesOf<V>(table: Side, fn: (d: any) => V): V[] {
  const values = new Array<V>(table.rows);
  scan(table, fn, (value, row) => {
    values[row] = value;
  });
  return values;
}

function scan<V>({ columns, rows }: Side, fn: (d: any) => V, visit: (value: V, row: number) => void): void {
  if (typeof fn !== "function") throw new LockstepError({ code: "LS2016", message: `a row function is expected, not ${typeof fn}` });
  const { row, move } = cursor(columns);
  for (let i = 0; i < rows; i++) {
    move(i);
    visit(fn(row), i);
  }
}

/** The column that an aggregate or a window function is of. */
export function argumentOf(table: Side, name: string, argument: string | ((row: never) => T.Cell) | undefined): Column | undefined {
  if (argument === undefined) return undefined;
  return typeof argument === "string" ? columnNamed(table.columns, argument) : computed(table, argument as AnyRowFunction, name);
}

/** A key of a sort or a join. */
export function keyColumn(table: Side, key: unknown, verb: string): Column {
  if (typeof key === "string") return columnNamed(table.columns, key);
  if (typeof key === "function") return computed(table, key as AnyRowFunction, `${verb} key`);
  throw new LockstepError({ code: "LS2016", message: `${verb}: a key is a column name or a function of the row, not ${typeof key}` });
}

/** The key columns by name; a computed key leaves a column of the same name alone. */
export function keyColumns(table: Side, keys: readonly unknown[], columnOf = computed): Map<string, Column> {
  const columns = new Map<string, Column>();
  for (const key of keys.flat()) {
    if (typeof key === "string" || isSelector(key)) for (const name of namesOf(key, table.columns)) columns.set(name, columnNamed(table.columns, name));
    else for (const [name, fn] of Object.entries(key as Record<string, AnyRowFunction>)) columns.set(name, columnOf(table, fn, name));
  }
  return columns;
}

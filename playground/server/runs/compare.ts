/** Two runs' answers: equal as plain Node and the ranks have to be. */
import type { ResultTable, Row } from "./outputs.ts";

/** Of floats, as everywhere in the project: sums are added up in another order on several ranks. */
const TOLERANCE = 1e-12;
/** Tables with more rows are not compared value by value. */
const MOST_ROWS = 200_000;

export interface Comparison {
  /** Null: the values were not compared. */
  readonly equal: boolean | null;
  /** What is compared, or the first difference. */
  readonly what: string;
}

export async function compareTables(tables: readonly ResultTable[], others: readonly ResultTable[]): Promise<Comparison> {
  let values = 0;
  for (const table of tables) {
    const other = others.find((o) => o.name === table.name);
    if (!other) return { equal: false, what: `only one of them left ${table.name}` };
    if (table.rows !== other.rows) return { equal: false, what: `${table.name}: ${table.rows} and ${other.rows} rows` };
    if (table.rows > MOST_ROWS) return { equal: null, what: `${table.name}: ${table.rows.toLocaleString("en")} rows in both; their values are too many to be compared here` };
    const difference = firstDifference(await table.page(0, table.rows), await other.page(0, other.rows), table.columns);
    if (difference !== null) return { equal: false, what: `${table.name}: ${difference}` };
    values += table.rows * table.columns.length;
  }
  if (tables.length !== others.length) return { equal: false, what: `${tables.length} and ${others.length} results` };
  if (tables.length === 0) return { equal: null, what: "neither left a result: there is nothing to compare" };
  return { equal: true, what: `${values.toLocaleString("en")} values in ${tables.map((t) => t.name).join(", ")}, floats within ${TOLERANCE}` };
}

/** Row by row; rows whose order nobody observes are compared sorted. */
function firstDifference(rows: readonly Row[], others: readonly Row[], columns: readonly string[]): string | null {
  if (different(rows, others, columns) === null) return null;
  return different(sorted(rows, columns), sorted(others, columns), columns);
}

function different(rows: readonly Row[], others: readonly Row[], columns: readonly string[]): string | null {
  for (const [n, row] of rows.entries()) {
    const column = columns.find((name) => !same(row[name], others[n]![name]));
    if (column !== undefined) return `row ${n}, ${column}: ${shown(row[column])} and ${shown(others[n]![column])}`;
  }
  return null;
}

function same(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number") return Object.is(a, b) || a === b || Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b));
  return shown(a) === shown(b);
}

const shown = (value: unknown): string => JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? `${item}` : item)) ?? "undefined";

/** By all that is exact; floats only to the digits that they share. */
function sorted(rows: readonly Row[], columns: readonly string[]): Row[] {
  const key = (row: Row) => columns.map((name) => (typeof row[name] === "number" ? row[name].toPrecision(9) : shown(row[name]))).join("\0");
  return rows.map((row) => ({ row, key: key(row) })).sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ row }) => row);
}

import { printType } from "./arrow-type.ts";
import { Column, type Stored } from "./column.ts";
import type { Columns } from "./row.ts";
import { rangeOf, type RowRange } from "./slice.ts";

/** Rows as aligned text, numbers to the right, with a line saying how many there are: `all`, where these are some of them. */
export function printTable(columns: Columns, rows: number, { limit = 10, offset = 0 }: RowRange, all = rows): string {
  const [from, to] = rangeOf({ limit, offset }, rows);
  const shown = to - from;
  const blocks = [...columns].map(([name, column]) => {
    const cells = [name, ...Array.from({ length: shown }, (_, i) => show(column, from + i))];
    const width = cells.reduce((most, cell) => Math.max(most, cell.length), 0);
    return cells.map((cell) => (column.view === "number" || column.view === "bigint" ? cell.padStart(width) : cell.padEnd(width)));
  });
  const lines = Array.from({ length: columns.size === 0 ? 0 : shown + 1 }, (_, i) => blocks.map((block) => block[i]).join("  ").trimEnd());
  const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
  return [...lines, `${plural(all, "row")} × ${plural(columns.size, "column")}`].join("\n");
}

/** Printing never fails: integers have all their digits, and what JavaScript cannot look at shows its type. */
function show(column: Column, row: number): string {
  const { type } = column;
  if (type.id === "list") {
    const list = column.values[row] as readonly Stored[] | null;
    const elements = list && new Column(type.of, list.length, list);
    return elements ? `[${Array.from(elements.values, (_, i) => show(elements, i)).join(", ")}]` : "null";
  }
  if (type.id === "struct") {
    const members = column.values[row] as readonly Stored[] | null;
    return members ? `{ ${type.fields.map((field, i) => `${field.name}: ${show(new Column(field.type, 1, [members[i]!]), 0)}`).join(", ")} }` : "null";
  }
  if (column.view === "none") return `<${printType(type)}>`;
  const value = type.id === "int" ? column.values[row] : column.at(row);
  if (value === null) return "null";
  // An instant beyond the range of Date is no time that toISOString() could print.
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value.toISOString().replace("T00:00:00.000Z", "") : String(value);
}

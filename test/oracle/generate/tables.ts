/** Random tables: SQL that DuckDB writes as Parquet, in files of uneven size, some of them empty. */
import { col, type Col, type JsType, type Random, type Schema } from "./schema.ts";

export interface MadeTable {
  readonly name: string;
  readonly schema: Schema;
  /** A query for each file. */
  readonly files: readonly string[];
  readonly rows: number;
}

interface Kind {
  readonly js: JsType;
  readonly sql: string;
  readonly values: readonly string[];
}

const text = ["", "a", "b", "ab", " a ", "Zoé", "ﬀ", "😀", "1", "NaN", "null", "ß"];
const kinds: readonly Kind[] = [
  { js: "number", sql: "integer", values: ["0", "1", "2", "3", "-1", "-7", "100", "65536"] },
  { js: "number", sql: "tinyint", values: ["0", "1", "-2", "7"] },
  { js: "number", sql: "bigint", values: ["0", "5", "-5", "9007199254740991", "12"] },
  { js: "number", sql: "double", values: ["0", "-0.0", "NaN", "1.5", "-2.25", "3", "1024.125", "-0.5"] },
  { js: "number", sql: "float", values: ["0", "-0.0", "NaN", "0.5", "-8", "3.25"] },
  { js: "string", sql: "varchar", values: text },
  { js: "boolean", sql: "boolean", values: ["true", "false"] },
  { js: "bigint", sql: "bigint", values: ["0", "1", "-1", "9007199254740993", "-9007199254740995", "9007199254740992"] },
  { js: "date", sql: "timestamp", values: ["1969-12-31 23:59:59.999999", "2024-02-29 12:30:00.5", "1970-01-01", "1900-03-01 06:00:00", "2024-02-29 12:30:00.500001"] },
  { js: "date", sql: "timestamp_ms", values: ["2001-09-09 01:46:40", "1970-01-01", "1950-06-15 18:00:00.25"] },
  { js: "date", sql: "date", values: ["1970-01-01", "2024-02-29", "1899-12-31"] },
];

export function makeTable(r: Random, name: string, names: readonly string[], mostRows: number): MadeTable {
  const columns = names.map((column): [string, Kind, Col] => {
    const kind = r.of(kinds);
    return [column, kind, col(kind.js, r.chance(60), { dyadic: kind.sql !== "bigint" })];
  });
  const rows = r.chance(8) ? 0 : r.int(1, mostRows);
  const value = (kind: Kind, nullable: boolean): string => (nullable && r.chance(20) ? "null" : `'${r.of(kind.values)}'`);
  const lines = Array.from({ length: rows }, () => `(${columns.map(([, kind, c]) => value(kind, c.nullable)).join(",")})`);
  const casts = columns.map(([column, kind], i) => `cast(v${i} as ${kind.sql}) as ${column}`).join(", ");
  const variables = columns.map((_, i) => `v${i}`).join(", ");
  const query = (part: readonly string[]): string =>
    part.length > 0 ? `select ${casts} from (values ${part.join(",")}) t(${variables})` : `select ${casts} from (select ${columns.map((_, i) => `null as v${i}`).join(", ")}) where false`;
  const cuts = Array.from({ length: r.int(0, 4) }, () => r.int(0, rows)).sort((a, b) => a - b);
  const files = [0, ...cuts].map((from, i) => query(lines.slice(from, [...cuts, rows][i])));
  return { name, schema: new Map(columns.map(([column, , c]) => [column, c])), files, rows };
}

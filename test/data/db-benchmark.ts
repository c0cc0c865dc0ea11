/**
 * The tables of db-benchmark (https://duckdblabs.github.io/db-benchmark/), by hashes of the row number instead of R's
 * random numbers: the same number of rows is the same data everywhere. Written by DuckDB.
 */
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { madeOnce } from "./made-once.ts";

const ROW_GROUP = 1_048_576;

/** A prime that divides no number of rows: steps of it meet every key once. */
const STEP = 7919;

/** Groups of the low-cardinality keys. */
const K = 100;

/** `groupby.parquet`: id1, id2 texts and id4, id5 integers of 100 values, id3 and id6 of rows/100 values; v1 of 1 to 5, v2 of 1 to 15, v3 a float below 100. */
const groupbyQuery = (rows: number): string => `
  select ${text("id", of(1, K), 3)} as id1, ${text("id", of(2, K), 3)} as id2, ${text("id", of(3, Math.ceil(rows / K)), 10)} as id3,
    (${of(4, K)})::int as id4, (${of(5, K)})::int as id5, (${of(6, Math.ceil(rows / K))})::int as id6,
    (${of(7, 5)})::int as v1, (${of(8, 15)})::int as v2, (hash(i * 16 + 9) % 100000000)::double / 1000000 as v3
  from range(0, ${rows}) t(i)`;

/**
 * `x.parquet` and what it is joined with: small, medium, big of rows/10⁶, rows/10³, rows distinct keys id1, id2, id3, of which
 * nine in ten stand in both; id4, id5, id6 are the same keys as texts.
 */
const joinQuery = (table: number, rows: number, size: number): string => {
  // Keys of x begin at 1, those of the others a tenth later. A table's own key is unique, in no order.
  const key = (level: number): string => {
    const n = keysOf(rows, level);
    const shift = table === 0 ? 0 : Math.round(n / 10);
    return `((${table === level + 1 ? `i * ${STEP} % ${n}` : `hash(i * 16 + ${table * 3 + level}) % ${n}`})::int + ${shift + 1})`;
  };
  const levels = table === 0 ? [0, 1, 2] : [0, 1, 2].slice(0, table);
  const columns = levels.flatMap((level) => [`${key(level)} as id${level + 1}`, `'id' || ${key(level)} as id${level + 4}`]);
  return `select ${columns.join(", ")}, (hash(i * 16 + 15 - ${table}) % 100000000)::double / 1000000 as v${table === 0 ? 1 : 2} from range(0, ${size}) t(i)`;
};

/** Distinct keys of small, medium, big. */
const keysOf = (rows: number, level: number): number => Math.max(1, Math.round(rows / [1e6, 1e3, 1][level]!));

const of = (seed: number, values: number): string => `hash(i * 16 + ${seed}) % ${values} + 1`;
const text = (prefix: string, value: string, digits: number): string => `'${prefix}' || lpad((${value})::varchar, ${digits}, '0')`;

/** The file of the ten questions about groups. */
export async function makeGroupby(folder: string, rows: number): Promise<string> {
  await madeOnce(folder, (staging) => write(staging, { groupby: groupbyQuery(rows) }));
  return join(folder, "groupby.parquet");
}

/** The folder with x, small, medium and big of the five joins. */
export async function makeJoin(folder: string, rows: number): Promise<string> {
  await madeOnce(folder, (staging) =>
    write(staging, { x: joinQuery(0, rows, rows), small: joinQuery(1, rows, keysOf(rows, 0)), medium: joinQuery(2, rows, keysOf(rows, 1)), big: joinQuery(3, rows, keysOf(rows, 2)) }),
  );
  return folder;
}

async function write(folder: string, tables: Readonly<Record<string, string>>): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  for (const [name, query] of Object.entries(tables)) {
    await connection.run(`copy (${query}) to '${join(folder, `${name}.parquet`)}' (format parquet, compression snappy, row_group_size ${ROW_GROUP})`);
  }
  connection.closeSync();
  instance.closeSync();
}

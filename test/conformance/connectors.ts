/** The connectors, each as much as their suite must know of it. */
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { table } from "@lockstep/runtime";
import type { Told } from "../flight/server.ts";
import type { Server } from "../postgres/server.ts";
import { root } from "../scripts/lib.mjs";
import type { Server as Snowflake } from "../snowflake/server.ts";

export interface Row {
  id: number;
  name: string | null;
  value: number;
  ok: boolean;
  at: Date;
}

export const rowAt = (id: number): Row => ({ id, name: id % 7 === 3 ? null : `name ${id % 13}`, value: id / 4, ok: id % 3 === 0, at: new Date(Date.UTC(2020, 0, 1, id)) });

function columnsOf(from: number, to: number) {
  const rows = Array.from({ length: to - from }, (_, index) => rowAt(from + index));
  return { id: rows.map(({ id }) => id), name: rows.map(({ name }) => name), value: rows.map(({ value }) => value), ok: rows.map(({ ok }) => ok), at: rows.map(({ at }) => at) };
}

/** Of no row, too, with its types. */
const rowsOf = (from: number, to: number) => table(columnsOf(0, Math.max(1, to))).slice(from, to);
type Rows = ReturnType<typeof rowsOf>;

export interface Connector {
  readonly name: string;
  /** It has no files, and speaks of none in its errors. */
  readonly isDatabase?: true;
  /** In a program: what is imported, and how the rows of a `place` are read. */
  readonly imports: string;
  readonly read: (row: string) => string;
  /** Where it keeps rows of that name. */
  place(name: string): string;
  /** Keeps so many rows there, in several files where it has files. */
  make(place: string, rows: number): Promise<unknown>;
  /** Spoils what stands in the middle. */
  damage(place: string): Promise<unknown> | void;
  /** What `lockstep schema pull` is told of a place, and the types that it finds. */
  readonly pull: (place: string) => readonly string[];
  readonly types: Readonly<Record<keyof Row, string>>;
  /** What ranks say of a source without a row, where its rows alone tell its columns. */
  readonly unknown?: RegExp;
  /** What a plan says that reads two columns, and how many of 1,000 rows come where ten are wanted, where it does not say that itself. */
  readonly asked: readonly [detail: RegExp, rows?: number];
  /** Of nothing, of what is damaged, of a column of another type: the code, and the cause in the message. */
  readonly errors: Readonly<Record<"missing" | "damaged" | "typed", readonly [code: string, message: RegExp]>>;
}

const exact = { id: "int64", name: "string", value: "float64", ok: "bool", at: "timestamp[ms, tz=UTC]" };

/** A folder with files of a format, one of them without a row; the largest is damaged. */
function files(scratch: string, extension: string, write: (rows: Rows, file: string) => Promise<void>, spoil: (bytes: Buffer) => void): Pick<Connector, "place" | "make" | "damage"> {
  return {
    place: (name) => join(scratch, `${name}-${extension}`),
    async make(place, rows) {
      mkdirSync(place);
      const ends = [0.1, 0.3, 0.3, 0.9, 1].map((part) => Math.floor(part * rows));
      for (const [index, to] of ends.entries()) await write(rowsOf(ends[index - 1] ?? 0, to), join(place, `${index}.${extension}`));
    },
    damage: (place) => spoilLargest(place, extension, spoil),
  };
}

function spoilLargest(place: string, extension: string, spoil: (bytes: Buffer) => void): void {
  const found = readdirSync(place, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(`.${extension}`)).map((name) => join(place, name));
  const largest = found.sort((a, b) => statSync(b).size - statSync(a).size)[0]!;
  const bytes = readFileSync(largest);
  spoil(bytes);
  writeFileSync(largest, bytes);
}
const bits = (bytes: Buffer): void => void bytes.fill(0xff, bytes.length >> 3, bytes.length >> 1);
const line = (bytes: Buffer): void => void bytes.write('"', bytes.indexOf("\n", bytes.length >> 1) + 1);

/** `scratch`: a folder for what they keep. */
export const connectors = (scratch: string, postgres: () => Server, flight: () => Told, snowflake: () => Snowflake): readonly Connector[] => [
  {
    name: "Parquet", imports: "readParquet", read: (row) => `readParquet<${row}>(place)`,
    ...files(scratch, "parquet", (rows, file) => rows.writeParquet(file, { single: true, types: { id: "int64" }, rowGroupRows: 50 }), bits),
    pull: (place) => [place], types: exact, asked: [/\.parquet and 4 more, columns=\[id, value\]/, 50],
    errors: { missing: ["LS2001", /does not exist/], damaged: ["LS2005", /\.parquet is damaged/], typed: ["LS2002", /name/] },
  },
  {
    name: "Arrow IPC", imports: "readArrow", read: (row) => `readArrow<${row}>(place)`,
    ...files(scratch, "arrow", (rows, file) => rows.writeArrow(file, { single: true, types: { id: "int64" } }), bits),
    pull: (place) => [place], types: exact, asked: [/\.arrow and 4 more, columns=\[id, value\]/, 1000],
    errors: { missing: ["LS2001", /does not exist/], damaged: ["LS2005", /\.arrow is damaged/], typed: ["LS2002", /name/] },
  },
  {
    name: "CSV", imports: "readCsv", read: (row) => `readCsv<${row}>(place)`,
    ...files(scratch, "csv", (rows, file) => rows.writeCsv(file, { single: true }), line),
    pull: (place) => [place], types: { ...exact, id: "float64" }, asked: [/\.csv and 4 more, columns=\[id, value\]/, 1000],
    errors: { missing: ["LS2001", /does not exist/], damaged: ["LS2006", /\.csv, line \d+: /], typed: ["LS2006", /\.csv, line \d+: column name has "name \d+", which is not a number/] },
  },
  {
    name: "JSON Lines", imports: "readJsonLines", read: (row) => `readJsonLines<${row}>(place, { types: { at: "date" } })`,
    ...files(scratch, "jsonl", (rows, file) => rows.writeJsonLines(file, { single: true }), line),
    pull: (place) => [place], types: { ...exact, id: "float64", at: "string" }, unknown: /differs from the interface in 4 columns/, asked: [/\.jsonl and 4 more, columns=\[id, value\]/, 1000],
    errors: { missing: ["LS2001", /does not exist/], damaged: ["LS2006", /\.jsonl, line \d+: no JSON/], typed: ["LS2002", /name/] },
  },
  {
    name: "Iceberg", imports: "readIceberg", read: (row) => `readIceberg<${row}>(place)`,
    place: (name) => join(scratch, `${name}-iceberg`),
    async make(place, rows) {
      const ends = [0.1, 0.3, 0.9, 1].map((part) => Math.floor(part * rows));
      for (const [index, to] of ends.entries()) await rowsOf(ends[index - 1] ?? 0, to).writeIceberg(place, { types: exact });
    },
    damage: (place) => spoilLargest(place, "parquet", bits),
    pull: (place) => [place], types: { ...exact, at: "timestamp[us, tz=UTC]" }, asked: [/^[^,]*\.parquet, columns=\[id, value\]/, 600],
    errors: { missing: ["LS2001", /is no Iceberg table/], damaged: ["LS2005", /\.parquet is damaged/], typed: ["LS2002", /name/] },
  },
  {
    name: "PostgreSQL", isDatabase: true, imports: "readPostgres", read: (row) => `readPostgres<${row}>(place)`,
    place: (name) => name,
    make: (place, rows) => postgres().sql(`CREATE TABLE ${place} (id int8 NOT NULL, name text, value float8 NOT NULL, ok bool NOT NULL, at timestamptz NOT NULL);
      INSERT INTO ${place} SELECT i, CASE WHEN i % 7 = 3 THEN NULL ELSE 'name ' || i % 13 END, i / 4.0, i % 3 = 0, timestamptz '2020-01-01Z' + i * interval '1 hour' FROM generate_series(0, ${rows - 1}) AS i`),
    damage: (place) => postgres().sql(`ALTER TABLE ${place} RENAME TO whole_${place}; CREATE VIEW ${place} AS SELECT id, name, value / (id - 500) AS value, ok, at FROM whole_${place}`),
    pull: (place) => ["postgres://", place],
    types: { ...exact, at: "timestamp[us, tz=UTC]" }, asked: [/SELECT "id", "value" FROM [\w.]+ WHERE /, 10],
    errors: { missing: ["LS2001", /does not exist/], damaged: ["LS2015", /division by zero/], typed: ["LS2002", /name/] },
  },
  {
    name: "Flight SQL", isDatabase: true, imports: "readFlightSql", read: (row) => `readFlightSql<${row}>(place)`,
    place: (name) => name,
    make: (place, rows) => flight().sql(`CREATE TABLE ${place} AS SELECT i AS id, CASE WHEN i % 7 <> 3 THEN 'name ' || i % 13 END AS name, i / 4.0::float8 AS value, i % 3 = 0 AS ok, timestamptz '2020-01-01 00:00:00+00' + i * interval 1 hour AS at FROM range(${rows}) AS t(i)`),
    damage: (place) => flight().sql(`ALTER TABLE ${place} RENAME TO whole_${place}; CREATE VIEW ${place} AS SELECT id, name, CASE WHEN id = 500 THEN error('no such page')::float8 ELSE value END AS value, ok, "at" FROM whole_${place}`),
    pull: (place) => ["grpc://", place],
    types: { ...exact, at: "timestamp[us, tz=UTC]" }, asked: [/SELECT "id", "value" FROM whole WHERE /, 10],
    errors: { missing: ["LS2001", /does not exist/], damaged: ["LS2015", /no such page/], typed: ["LS2002", /name/] },
  },
  {
    name: "Snowflake", isDatabase: true, imports: "readSnowflake", read: (row) => `readSnowflake<${row}>(place)`,
    // Names in quotes, as others are in capitals there.
    place: (name) => `"${name}"`,
    make: (place, rows) => snowflake().sql(`CREATE TABLE DB.PUBLIC.${place} AS SELECT i AS id, CASE WHEN i % 7 <> 3 THEN 'name ' || i % 13 END AS name, i / 4.0::float8 AS value, i % 3 = 0 AS ok, timestamp '2020-01-01 00:00:00' + i * interval 1 hour AS at FROM range(${rows}) AS t(i)`),
    // The server spoils the second chunk of a table of that name.
    damage: () => undefined,
    pull: (place) => ["snowflake://", place],
    types: { ...exact, at: "timestamp[us, tz=UTC]" }, asked: [/SELECT "id", "value" FROM "whole" WHERE /, 10],
    errors: { missing: ["LS2001", /does not exist/], damaged: ["LS2005", /chunk 2 of 2 is damaged/], typed: ["LS2002", /name/] },
  },
  {
    // Flight SQL's driver, of the same server.
    name: "ADBC", isDatabase: true, imports: "readAdbc", read: (row) => `readAdbc<${row}>(place, { driver: "flightsql" })`,
    place: (name) => `adbc_${name}`,
    make: (place, rows) => flight().sql(`CREATE TABLE ${place} AS SELECT i AS id, CASE WHEN i % 7 <> 3 THEN 'name ' || i % 13 END AS name, i / 4.0::float8 AS value, i % 3 = 0 AS ok, timestamptz '2020-01-01 00:00:00+00' + i * interval 1 hour AS at FROM range(${rows}) AS t(i)`),
    damage: (place) => flight().sql(`ALTER TABLE ${place} RENAME TO whole_${place}; CREATE VIEW ${place} AS SELECT id, name, CASE WHEN id = 500 THEN error('no such page')::float8 ELSE value END AS value, ok, "at" FROM whole_${place}`),
    pull: (place) => ["adbc:flightsql", place],
    types: { ...exact, at: "timestamp[us, tz=UTC]" }, asked: [/SELECT \* FROM adbc_whole/, 1000],
    errors: { missing: ["LS2001", /does not exist/], damaged: ["LS2015", /no such page/], typed: ["LS2002", /name/] },
  },
  {
    name: "a source of the program", imports: "readSource", read: (row) => `readSource<${row}>(saved(place))`,
    place: (name) => join(scratch, `${name}.json`),
    async make(place, rows) {
      writeFileSync(place, JSON.stringify({ columns: columnsOf(0, rows) }));
    },
    damage(place) {
      writeFileSync(place, JSON.stringify({ ...(JSON.parse(readFileSync(place, "utf8")) as object), broken: 5 }));
    },
    pull: (place) => [`${join(root, "test/conformance/programs/saved.ts")}#saved`, "--options", JSON.stringify(place)], types: exact,
    // Its columns are asked for before there is a plan: test/sources sees them.
    asked: [/, 10 rows$/],
    errors: { missing: ["LS2025", /ENOENT/], damaged: ["LS2025", /no such page/], typed: ["LS2002", /name/] },
  },
];

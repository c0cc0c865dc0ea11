// Tables as Arrow IPC streams: what ordinary code passes to annotated functions and gets back from them.
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { expect, test } from "vitest";
import { readParquet, table, Table } from "@lockstep/runtime";
import { fromIpc, toIpc } from "../../../runtime/src/tables/ipc.ts";
import { duckdb, scratch } from "./helpers.ts";

const folder = scratch();

test("every type makes the round trip, bit for bit", async () => {
  const source = join(folder, "source.parquet");
  await duckdb(`copy (
    select case when i <> 1 then i::tinyint end as tiny, i::uinteger + 4000000000 as uint, 9007199254740993 + i as id, 18446744073709551615 - i::ubigint as ulong,
      i / 3::float as f32, case when i <> 2 then i / 3 end as f64, i % 2 = 0 as flag, case when i <> 0 then 'ключ ' || i else '' end as name, ('b' || i)::blob as bytes,
      date '2024-02-28' + i::int as day, make_timestamp(-1 - i) as us, make_timestamp_ns(1709164799999999999 + i) as ns, make_timestamptz(2024, 2, 29, 12, 0, i, 'UTC') as utc,
      (i * -1.01)::decimal(9, 2) as price, (12345678901234567890.12 + i)::decimal(30, 2) as big
    from range(4) t(i)) to '${source}' (format parquet)`);
  const t = await readParquet(source);
  const { columns, rows } = fromIpc(toIpc(t.columns));
  expect(rows).toBe(4);
  const [there, back] = [t.columns, columns].map((set) => [...set].map(([name, { type, values, view }]) => [name, type, view, Array.from(values)]));
  expect(back).toEqual(there);
  const out = join(folder, "out");
  await new Table(columns, rows).writeParquet(out);
  expect(await duckdb(`select * from '${out}/*.parquet'`)).toEqual(await duckdb(`select * from '${source}'`));
});

test("apache-arrow reads the same values", () => {
  const at = new Date(1_700_000_000_123);
  const stream = tableFromIPC(toIpc(table({ n: [1.5, null], s: ["a", null], b: [true, false], d: [at, null], g: [2n ** 60n, 1n], none: [null, null] }).columns));
  expect(stream.schema.fields.map(({ name, type }) => `${name}: ${type}`)).toEqual([
    "n: Float64", "s: Utf8", "b: Bool", "d: Timestamp<MILLISECOND, UTC>", "g: Int64", "none: Float64",
  ]);
  expect(stream.toArray().map((row) => row.toJSON())).toEqual([
    { n: 1.5, s: "a", b: true, d: at.getTime(), g: 2n ** 60n, none: null },
    { n: null, s: null, b: false, d: null, g: 1n, none: null },
  ]);
});

test("texts of all kinds beside each other", () => {
  const short = Array.from({ length: 3000 }, (_, i) => (i % 7 === 0 ? null : i % 5 === 0 ? "" : `text ${i}`));
  const texts = { plain: short, accents: short.map((s, i) => (i === 1500 ? "\ufeffé😀" : s)), long: short.map((s, i) => (i % 600 === 1 ? "x".repeat(300_000) + i : s)), one: short.map((_, i) => (i === 2 ? "\ufeff" : null)) };
  const { columns } = fromIpc(toIpc(table(texts).columns));
  for (const [name, values] of Object.entries(texts)) expect(Array.from(columns.get(name)!.values), name).toEqual(values);
});

test("no rows, no columns, bigint views", () => {
  const empty = fromIpc(toIpc(table({ n: [1], g: [1n] }).slice(0, 0).columns), { g: "bigint" });
  expect([empty.rows, [...empty.columns.keys()], empty.columns.get("g")!.view]).toEqual([0, ["n", "g"], "bigint"]);
  expect(fromIpc(toIpc(new Map())).columns.size).toBe(0);
});

test("Parquet carries what only Arrow can say: dictionaries and zones", async () => {
  const out = join(folder, "arrow");
  const t = table({ s: ["a", "b", "a"], d: [new Date(0), null, new Date(5)] });
  await t.writeParquet(out, { types: { s: "dictionary<values=string, indices=int32>", d: "timestamp[us, tz=Europe/Berlin]" } });
  const back = await readParquet<{ s: string; d: Date | null }>(out);
  expect([...back.columns.values()].map(({ type }) => type)).toEqual([{ id: "dictionary" }, { id: "timestamp", unit: "us", zone: "Europe/Berlin" }]);
  expect(back.objects()).toEqual(t.objects());
  expect(await duckdb(`select s, epoch_us(d)::double as us from '${out}/*.parquet'`)).toEqual([{ s: "a", us: 0 }, { s: "b", us: null }, { s: "a", us: 5000 }]);
  const kept = fromIpc(toIpc(back.filter((d) => d.s === "a").columns)).columns;
  expect([kept.get("s")!.type, Array.from(kept.get("s")!.values)]).toEqual([{ id: "dictionary" }, ["a", "a"]]);
});

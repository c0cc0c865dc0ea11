// What JavaScript never looks at keeps every bit; what it looks at is checked.
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { desc, op, readParquet, table } from "@lockstep/runtime";
import { duckdb, errorOf, scratch, writtenTypes } from "./helpers.ts";

const folder = scratch();
const source = join(folder, "source.parquet");
await duckdb(`copy (
  select i::tinyint as tiny, i::usmallint as short, i::int as int, i::uinteger + 4000000000 as uint,
    9007199254740993 + i as id, 18446744073709551615 - i::ubigint as ulong,
    i / 3::float as f32, i / 3 as f64, i % 2 = 0 as flag, 'z' || (i % 3) as name, ('b' || i)::blob as bytes,
    date '2024-02-28' + i::int as day, make_timestamp(1709164799999999 + i) as us, make_timestamp_ns(1709164799999999999 + i) as ns,
    make_timestamp(-1 - i) as before, make_timestamptz(2024, 2, 29, 12, 0, i, 'UTC') as utc,
    (i * 1.01)::decimal(9, 2) as price, (12345678901234567890.12 + i)::decimal(30, 2) as big, interval (i) days as span
  from range(5) t(i)) to '${source}' (format parquet)`);

interface Row {
  tiny: number; short: number; int: number; uint: number; id: number; ulong: number; f32: number; f64: number; flag: boolean; name: string;
  day: Date; us: Date; ns: Date; before: Date; utc: Date; price: number; big: number;
}

test("values as JavaScript sees them", async () => {
  const t = await readParquet<Row>(source);
  expect(t.select("tiny", "short", "int", "uint", "f32", "f64", "flag", "name", "day", "us", "ns", "before", "utc", "price").slice(1, 2).objects()).toEqual([
    {
      tiny: 1, short: 1, int: 1, uint: 4000000001, f32: Math.fround(1 / 3), f64: 1 / 3, flag: false, name: "z1",
      day: new Date("2024-02-29"), us: new Date("2024-02-29T00:00:00.000Z"), ns: new Date("2024-02-29T00:00:00.000Z"),
      before: new Date(-1), utc: new Date("2024-02-29T12:00:01Z"), price: 1.01,
    },
  ]);
  expect(t.get("us").toISOString()).toBe("2024-02-28T23:59:59.999Z");
  expect(t.get("ns").toISOString()).toBe("2024-02-28T23:59:59.999Z");
});

test("an integer past 2^53 is an error where it is looked at, and nowhere else", async () => {
  const t = await readParquet<Row>(source);
  const error = await errorOf(() => t.filter((d) => d.id > 0));
  expect(error.code).toBe("LS2004");
  expect(error.message).toContain('column "id"');
  expect(error.message).toContain("9007199254740993");
  expect(error.fix).toContain("bigint");
  expect((await errorOf(() => t.select("id").objects())).code).toBe("LS2004");
  const long = await errorOf(() => t.get("big", 0));
  expect([long.code, long.message.includes("12345678901234567890.12, which has more digits than a number holds exactly")]).toEqual(["LS2004", true]);
  expect(t.filter((d) => d.tiny > 2).numRows()).toBe(2);
});

test("what is to be written is said of the reader's column, whatever its name and what holds the integer", async () => {
  const path = join(folder, "names.parquet");
  await duckdb(`copy (select 9007199254740993 as "a"" of b", 9007199254740993 as id, [9007199254740993] as ids, {'id': 9007199254740993} as "at") to '${path}' (format parquet)`);
  interface Held { 'a" of b': number; id: number; ids: number[]; at: { id: number } }
  const t = await readParquet<Held>(path);
  const fixOf = async (use: () => unknown): Promise<string | undefined> => (await errorOf(use)).fix;
  expect(await fixOf(() => t.array('a" of b'))).toBe('Read the column as bigint: `types: { "a\\" of b": "bigint" }` in the reader and `"a\\" of b": bigint` in the interface.');
  const scalar = 'Read the column as bigint: `types: { id: "bigint" }` in the reader and `id: bigint` in the interface.';
  expect(await fixOf(() => t.concat(t).orderby("id").array("id"))).toBe(scalar);
  expect(await fixOf(() => t.rename({ id: "key" }).array("key"))).toBe(scalar);
  const list = 'Read the column as bigint[]: `types: { ids: "bigint[]" }` in the reader and `ids: bigint[]` in the interface.';
  expect(await fixOf(() => t.array("ids"))).toBe(list);
  expect(await fixOf(() => t.unroll("ids").array("ids"))).toBe(list);
  expect(await fixOf(() => t.array("at"))).toMatch(/^No option opens a member as bigint/);
  const exact = await readParquet<Omit<Held, "ids"> & { ids: bigint[] }>(path, { types: { ids: "bigint[]" } });
  expect(exact.unroll("ids").array("ids")).toEqual([9007199254740993n]);
});

test("as bigint it is looked at exactly", async () => {
  const t = await readParquet<Omit<Row, "id"> & { id: bigint }>(source, { types: { id: "bigint" } });
  expect(t.filter((d) => d.id > 9007199254740994n).array("id")).toEqual([9007199254740995n, 9007199254740996n, 9007199254740997n]);
  expect(t.rollup({ sum: op.sum("id"), max: op.max("id") }).objects()).toEqual([{ sum: 45035996273704975n, max: 9007199254740997n }]);
});

test("every bit survives filter, join, group, sort, min, max and write", async () => {
  const t = await readParquet<Row>(source);
  const columns = ["tiny", "short", "int", "uint", "id", "ulong", "f32", "f64", "flag", "name", "day", "us", "ns", "before", "utc", "price", "big"] as const;
  const out = join(folder, "kept");
  await t
    .select(columns)
    .filter((d) => d.tiny !== 0)
    .orderby(desc("ns"))
    .join(t.select("id", { us: "other" }), "id")
    .writeParquet(out);
  const [a, b] = [`'${out}/*.parquet'`, `'${source}'`];
  expect(await duckdb(`select * from ${a}`)).toEqual(
    await duckdb(`select ${columns.join(", ")}, us as other from ${b} where tiny <> 0 order by ns desc`),
  );
  const types = await writtenTypes(out);
  expect(types).toMatchObject({
    tiny: "TINYINT", short: "USMALLINT", int: "INTEGER", uint: "UINTEGER", id: "BIGINT", ulong: "UBIGINT", f32: "FLOAT", f64: "DOUBLE",
    flag: "BOOLEAN", name: "VARCHAR", day: "DATE", us: "TIMESTAMP", ns: "TIMESTAMP_NS", utc: "TIMESTAMP WITH TIME ZONE",
    price: "DECIMAL(9,2)", big: "DECIMAL(30,2)",
  });
  const grouped = join(folder, "grouped");
  await t
    .groupby("us", "big")
    .rollup({ id: op.max("id"), ns: op.min("ns"), price: op.any("price"), n: op.count(), sum: op.sum("tiny"), total: op.sum("f64") })
    .orderby("us")
    .writeParquet(grouped);
  expect(await duckdb(`select us, big, id, ns, price, n, "sum", total from '${grouped}/*.parquet'`)).toEqual(
    await duckdb(`select us, big, id, ns, price, 1::bigint as n, tiny::bigint as "sum", f64 as total from ${b} order by us`),
  );
});

test("joined timestamps of different units are equal where the instants are", async () => {
  const t = (await readParquet<Row>(source)).select("us", "tiny");
  const instants = table({ us: [new Date("2024-02-28T23:59:59.999Z"), new Date("2024-02-29T00:00:00.000Z")], k: [1, 2] });
  // 23:59:59.999999 is no whole millisecond: only the second instant matches.
  expect(t.join(instants, "us").select("tiny", "k").objects()).toEqual([{ tiny: 1, k: 2 }]);
  const days = (await readParquet<Row>(source)).select("day", "tiny");
  expect(days.join(table({ day: [new Date("2024-02-29")], k: [1] }), "day").array("tiny")).toEqual([1]);
});

test("numbers match whatever their Arrow types", async () => {
  const t = (await readParquet<Row>(source)).select("price", "tiny");
  expect(t.join(table({ price: [1.01, 2.02], k: ["a", "b"] }), "price").array("k")).toEqual(["a", "b"]);
  expect(t.join(table({ tiny: [-0, 3] }), "tiny").array("price")).toEqual([0, 3.03]);
});

test("sums of integers are exact beyond 2^53 and checked when they are looked at", async () => {
  const t = await readParquet<Row>(source);
  const sums = t.rollup({ id: op.sum("id"), n: op.sum("int") });
  const out = join(folder, "sums");
  await sums.writeParquet(out);
  expect(await duckdb(`select * from '${out}/*.parquet'`)).toEqual([{ id: 45035996273704975n, n: 10n }]);
  expect(sums.get("n", 0)).toBe(10);
  expect((await errorOf(() => sums.get("id", 0))).code).toBe("LS2004");
});

test("what tables do not carry is an error that names it, when it is used", async () => {
  interface Odd { span: string; bytes: string; tiny: number }
  const t = await readParquet<Odd>(source);
  for (const [name, type] of [["span", "interval"], ["bytes", "binary"]] as const) {
    const error = await errorOf(() => t.get(name, 0));
    expect([error.code, error.message.includes(type), error.message.includes(`"${name}"`)]).toEqual(["LS2015", true, true]);
  }
  expect((await errorOf(() => t.select("span").writeParquet(join(folder, "no")))).code).toBe("LS2015");
});

test("types of a reader that a column cannot have", async () => {
  expect((await errorOf(() => readParquet<Row>(source, { types: { name: "bigint" } }))).message).toContain('"name" of');
  expect((await errorOf(() => readParquet<{ x: bigint }>(source, { types: { x: "bigint" } }))).code).toBe("LS2002");
});

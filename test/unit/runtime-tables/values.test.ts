// Columns that JavaScript makes: their types, null, and what is refused.
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { op, table, type Scalar } from "@lockstep/runtime";
import { duckdb, errorOf, scratch, writtenTypes } from "./helpers.ts";

const folder = scratch();
const t = table({ i: [0, 1, 2], s: ["a", null, "c"] });

test("types follow the values", async () => {
  const out = join(folder, "types");
  const derived = t.derive({
    number: (d) => d.i,
    string: (d) => d.s ?? "none",
    boolean: (d) => d.i > 0,
    bigint: (d) => BigInt(d.i) * 2n ** 60n,
    date: (d) => new Date(d.i),
    nothing: () => null,
  });
  await derived.writeParquet(out);
  expect(await writtenTypes(out)).toEqual({
    i: "DOUBLE", s: "VARCHAR", number: "DOUBLE", string: "VARCHAR", boolean: "BOOLEAN", bigint: "BIGINT", date: "TIMESTAMP WITH TIME ZONE", nothing: "DOUBLE",
  });
  expect(await duckdb(`select bigint, epoch_ms(date) as ms, nothing from '${out}/*.parquet'`)).toEqual([
    { bigint: 0n, ms: 0n, nothing: null },
    { bigint: 2n ** 60n, ms: 1n, nothing: null },
    { bigint: 2n ** 61n, ms: 2n, nothing: null },
  ]);
  expect(derived.array("bigint")).toEqual([0n, 2n ** 60n, 2n ** 61n]);
});

test("undefined and invalid dates are stored as null, NaN is kept, strings become well-formed", () => {
  const derived = t.derive({ u: (d) => (d.i === 1 ? undefined : d.i), d: (d) => new Date(d.i === 1 ? NaN : d.i), n: (d) => (d.i === 1 ? NaN : null), s: () => "\ud800x" });
  expect(derived.objects({ offset: 1, limit: 1 })).toEqual([{ i: 1, u: null, d: null, n: NaN, s: "\ufffdx" }]);
});

test("a derived date is a copy of its instant", () => {
  const shared = new Date(5);
  const derived = t.derive({ d: () => shared });
  shared.setTime(6);
  expect(derived.get("d", 0)).toEqual(new Date(5));
});

test("several types in one column are an error that names column, rows and values", async () => {
  const error = await errorOf(() => t.derive({ mixed: (d): Scalar => (d.i < 2 ? d.i : "two") }));
  expect(error.code).toBe("LS2017");
  expect(error.message).toBe('the column "mixed" has values of two types: number (row 0: 0) and string (row 2: "two")');
  expect((await errorOf(() => table({ x: [1, "1"] as Scalar[] }))).code).toBe("LS2017");
});

test("objects may have members that are named as those of aggregates and windows", async () => {
  const derived = t.derive({ at: (d) => ({ aggregate: d.i, argument: "i" }), of: (d) => ({ window: d.s }) });
  expect(derived.objects()[1]).toEqual({ i: 1, s: null, at: { aggregate: 1, argument: "i" }, of: { window: null } });
  const error = await errorOf(() => derived.rollup({ n: { aggregate: "count", argument: undefined } as never }));
  expect([error.code, error.message]).toEqual(["LS2016", 'rollup: "n" is not an aggregate']);
});

test("what is no value of a column is refused", async () => {
  const object = await errorOf(() => t.derive({ x: () => ({}) as never }));
  expect([object.code, object.message]).toEqual(["LS2016", 'the column "x", row 0: an object (Object) is no value of a column']);
  const aggregate = await errorOf(() => t.derive({ x: () => op.max("i") as never }));
  expect(aggregate.fix).toContain("rollup(");
  const window = await errorOf(() => t.derive({ x: () => op.lag("i") as never }));
  expect([window.code, window.message]).toEqual(["LS2016", 'the column "x", row 0: a window function is no value of a column']);
  const value = await errorOf(() => t.derive({ x: (d) => op.mean(d.i as never) as never }));
  expect(value.toString()).toContain("op.mean takes a column name or a function of the row, not number");
  expect((await errorOf(() => t.derive({ x: () => 2n ** 63n }))).code).toBe("LS2015");
  expect((await errorOf(() => table({ a: [1], b: [1, 2] }))).message).toContain("1 and 2 values");
});

test("a misspelt column is named, with the nearest", async () => {
  const calls = [
    () => t.filter((d) => (d as never as { j: number }).j > 1),
    () => t.select("j" as never),
    () => t.rename({ j: "k" } as never),
    () => t.groupby("j" as never),
    () => t.rollup({ x: op.sum("j" as never) }),
    () => t.orderby("j" as never),
    () => t.join(t, "j" as never),
    () => t.get("j" as never, 0),
    () => t.array("j" as never),
  ];
  for (const call of calls) {
    const error = await errorOf(call);
    expect([error.code, error.message]).toEqual(["LS2016", 'there is no column "j"; did you mean "i" or "s"?']);
    expect(error.why).toEqual(['the table has "i", "s"']);
  }
});

test("an error of the row function reaches the caller as it is", () => {
  expect(() => t.derive({ x: (d) => (d.s as string).trim() })).toThrow(new TypeError("Cannot read properties of null (reading 'trim')"));
});

test("a row is read only where it is looked at, and looks like an object", () => {
  const seen: string[] = [];
  t.filter((d) => {
    seen.push(Object.keys(d).join(), JSON.stringify({ ...d }), String("i" in d));
    const { i } = d;
    return i > 0;
  });
  expect(seen.slice(0, 3)).toEqual(["i,s", '{"i":0,"s":"a"}', "true"]);
});

test("observers", () => {
  expect(t.numRows()).toBe(3);
  expect(t.columnNames()).toEqual(["i", "s"]);
  expect(t.get("s")).toBe("a");
  expect(t.get("s", 1)).toBe(null);
  expect([t.get("s", 3), t.get("s", -1), t.get("s", 0.5)]).toEqual([undefined, undefined, undefined]);
  expect(t.objects({ limit: 1, offset: 2 })).toEqual([{ i: 2, s: "c" }]);
  expect(t.objects({ offset: 9 })).toEqual([]);
  expect([...t]).toEqual(t.objects());
  expect(t.array("i")).toEqual([0, 1, 2]);
});

test("print aligns and counts", () => {
  const lines: string[] = [];
  const log = console.log;
  console.log = (text: string) => lines.push(text);
  try {
    table({ name: ["ab", "c"], n: [1, 20], d: [new Date(0), null] }).print();
    table({ n: [1, 2, 3] }).print({ limit: 1 });
    table({ n: Array.from({ length: 200_000 }, (_, i) => i) }).print({ limit: Infinity });
  } finally {
    console.log = log;
  }
  expect(inspect(table({ n: [1] }))).toBe("n\n1\n1 row × 1 column");
  expect(lines.pop()).toMatch(/^     n\n     0\n[^]*\n199999\n200000 rows × 1 column$/);
  expect(lines).toEqual(["name   n  d\nab     1  1970-01-01\nc     20  null\n2 rows × 3 columns", "n\n1\n3 rows × 1 column"]);
});

test("tables of unequal types are joined below one another by rule", async () => {
  const other = table({ i: [null, null], s: ["x", "y"] });
  expect(t.concat(other as never).array("i")).toEqual([0, 1, 2, null, null]);
  const partial = table({ s: ["z"] });
  expect(t.concat(partial as never).objects().at(-1)).toEqual({ i: null, s: "z" });
  expect((await errorOf(() => t.concat(table({ i: ["1"], s: ["x"] }) as never))).code).toBe("LS2017");
  const dates = table({ d: [new Date(1)] });
  expect(dates.concat(table({ d: [new Date(2)] })).array("d")).toEqual([new Date(1), new Date(2)]);
});

test("joins are refused where they cannot be meant", async () => {
  expect((await errorOf(() => t.join(table({ i: ["0"] }) as never, "i" as never))).message).toContain("join keys of different types");
  expect((await errorOf(() => t.join(t, [["i"], ["i", "s"]] as never))).fix).toContain('[["a", "b"], ["a", "b"]]');
  expect((await errorOf(() => t.join(table({ z: [1] }) as never))).message).toContain("needs a key");
  expect((await errorOf(() => t.select("i", { s: "i" } as never))).message).toContain('named "i"');
});

test("clashing names, natural joins, functions as keys", () => {
  const other = table({ i: [2, 0, 0], v: [7, 8, 9], s: ["p", "q", "r"] });
  expect(t.join(other, "i").objects()).toEqual([
    { i: 0, s_1: "a", v: 8, s_2: "q" },
    { i: 0, s_1: "a", v: 9, s_2: "r" },
    { i: 2, s_1: "c", v: 7, s_2: "p" },
  ]);
  expect(t.join(t).numRows()).toBe(2); // by i and s: the null of s matches nothing
  expect(t.join(other.select("i", "v"), [(d) => d.i + 1, (d) => d.i + 1]).array("v")).toEqual([8, 9, 7]);
  expect(t.join_left(other.select("i", "v"), "i").objects().at(-1)).toEqual({ i: 1, s: null, v: null });
});

test("tables without rows", () => {
  const empty = t.filter(() => false);
  expect(empty.rollup({ n: op.count(), sum: op.sum("i"), low: op.min("s") }).objects()).toEqual([{ n: 0, sum: null, low: null }]);
  expect(empty.groupby("s").rollup({ n: op.count(), sum: op.sum("i") }).objects()).toEqual([]);
  expect(empty.orderby("i").join(t, "i").concat(empty.join(t, "i")).dedupe("i").slice(0, 2).numRows()).toBe(0);
  expect(empty.count().objects()).toEqual([{ count: 0 }]);
});

test("verbs see the table's order: sorted before grouping, the groups appear sorted", () => {
  const sorted = table({ k: ["b", "a", "b", "c"], v: [1, 2, 3, 4] }).orderby("k");
  expect(sorted.groupby("k").rollup({ first: op.any("v") }).objects()).toEqual([{ k: "a", first: 2 }, { k: "b", first: 1 }, { k: "c", first: 4 }]);
  expect(sorted.dedupe("k").array("v")).toEqual([2, 1, 4]);
  expect(sorted.concat(sorted).slice(3, 5).array("k")).toEqual(["c", "a"]);
});

test("a computed key beside a column of the same name", () => {
  const grouped = t.groupby({ i: (d) => d.i % 2 }).rollup({ sum: op.sum("i"), n: op.count() });
  expect(grouped.objects()).toEqual([{ i: 0, sum: 2, n: 2 }, { i: 1, sum: 1, n: 1 }]);
});

test("scalar functions of op", () => {
  expect(t.derive({ x: (d) => op.round(op.sqrt(d.i) * 10), y: (d) => op.upper(d.s), z: (d) => op.greatest(d.i, 1) }).objects({ limit: 2 })).toEqual([
    { i: 0, s: "a", x: 0, y: "A", z: 1 },
    { i: 1, s: null, x: 10, y: null, z: 1 },
  ]);
});

test("a long loop of verbs keeps its depth", () => {
  let loop = table({ k: Array.from({ length: 10 }, (_, i) => i), untouched: Array.from({ length: 10 }, (_, i) => `v${i}`) });
  for (let i = 0; i < 20_000; i++) loop = loop.slice(0, 10);
  expect(loop.get("untouched", 9)).toBe("v9");
});

test("__proto__ is a column like any other", () => {
  const t = table(JSON.parse('{ "__proto__": [1, 2], "b": [3, 4] }') as { b: number[] });
  expect(t.objects().map((row) => Object.entries(row))).toEqual([[["__proto__", 1], ["b", 3]], [["__proto__", 2], ["b", 4]]]);
  expect(Object.getPrototypeOf(t.objects()[0])).toBe(Object.prototype);
});

test("a sample is uniform, without and with replacement, and the same for the same seed", () => {
  const rows = 40;
  const numbers = table({ i: Array.from({ length: rows }, (_, i) => i), k: Array.from({ length: rows }, (_, i) => i % 4) });
  const [once, again] = [new Array<number>(rows).fill(0), new Array<number>(rows).fill(0)];
  const samples = 4000;
  for (let seed = 0; seed < samples; seed++) {
    const some = numbers.sample(10, { seed }).array("i");
    expect(new Set(some).size).toBe(10);
    for (const i of some) once[i]!++;
    for (const i of numbers.sample(10, { seed, replace: true }).array("i")) again[i]!++;
  }
  // 10 of 40 in 4,000 samples: 1,000 a row, with a deviation of 27 (31 with replacement); five of them at most.
  for (const counts of [once, again]) for (const n of counts) expect(Math.abs(n - 1000)).toBeLessThan(5 * 31);
  expect(numbers.sample(100).numRows()).toBe(rows);
  expect(numbers.sample(5, { seed: 3 }).array("i")).toEqual(numbers.sample(5, { seed: 3 }).array("i"));
  expect(numbers.sample(5, { seed: 3 + 2 ** 32 }).array("i")).not.toEqual(numbers.sample(5, { seed: 3 }).array("i"));
  expect(numbers.sample(8, { shuffle: false }).array("i")).toEqual(numbers.sample(8).array("i").toSorted((a, b) => a - b));
  const groups = numbers.groupby("k").sample(3, { replace: true });
  expect(groups.count().array("count")).toEqual([3, 3, 3, 3]);
  expect(numbers.filter(() => false).sample(3, { replace: true }).numRows()).toBe(0);
  expect(() => numbers.sample(1, { weight: "i", replace: true } as never)).toThrow(/without replacement/);
  for (const wrong of [-1, 1.5, "3" as never]) expect(() => numbers.sample(wrong)).toThrow(/0 or more/);
  expect(() => numbers.sample(1, { seed: 0.5 })).toThrow(/seed/);
});

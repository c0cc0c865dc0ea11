// Arquero 8.0.3 is the definition: random numbers, the same bins on both.
import * as aq from "arquero";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bin, op, rolling, table } from "@lockstep/runtime";
import { errorOf } from "./helpers.ts";

const number = fc.oneof(
  fc.constantFrom(0, -0, 1, 2.5, -3, 10, 100, 99.999, 0.1, 0.3, 1e16, -1e-7, 5e-12, 2 ** 53, Infinity, NaN),
  fc.double({ min: -1000, max: 1000, noNaN: true }).filter((x) => x === 0 || Math.abs(x) > 1e-300),
  fc.integer({ min: -50, max: 500 }),
);
const rowsOf = fc.array(fc.record({ g: fc.constantFrom("a", "b"), n: fc.option(number, { freq: 6 }) }), { maxLength: 20 });
const scheme = fc.record(
  { maxbins: fc.constantFrom(1, 2, 3.5, 7, 10, 15, 100, 1000), nice: fc.boolean(), minstep: fc.constantFrom(0, 0.25, 3, 10), step: fc.constantFrom(0.1, 1, 2.5, 7) },
  { requiredKeys: [] },
);
const offset = fc.constantFrom(0, 1, -2, 0.5);

const columns = (rows: readonly { g: string; n: number | null }[]) => ({ g: rows.map(({ g }) => g), n: rows.map(({ n }) => n) });
/** Facade tables hold no undefined; of no values Arquero has NaN, or undefined where the bins are not nice. */
const plain = (objects: readonly object[]) => objects.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, Array.isArray(v) ? v.map((x) => x ?? NaN) : (v ?? null)])));
const check = (property: (rows: { g: string; n: number | null }[], s: { maxbins?: number; nice?: boolean; minstep?: number; step?: number }, by: number) => void): void => fc.assert(fc.property(rowsOf, scheme, offset, property), { numRuns: 150 });

describe("as Arquero answers", () => {
  test("op.bins, of a table, of groups, of each row's group and frame", () => {
    check((rows, { maxbins, nice, minstep, step }) => {
      const mine = table(columns(rows));
      const yours = aq.table(columns(rows));
      const [own, its] = [op.bins("n" as never, maxbins, nice, minstep, step) as never, aq.op.bins("n", maxbins, nice, minstep, step)];
      expect(mine.rollup({ bins: own }).objects()).toEqual(plain(yours.rollup({ bins: its }).objects()));
      expect(mine.groupby("g").rollup({ bins: own }).objects()).toEqual(plain(yours.groupby("g").rollup({ bins: its }).objects()));
      expect(mine.groupby("g").derive({ bins: own }).ungroup().objects()).toEqual(plain(yours.groupby("g").derive({ bins: its }).objects()));
      expect(mine.derive({ bins: rolling(own) }).objects()).toEqual(plain(yours.derive({ bins: aq.rolling(its) }).objects()));
    });
  });

  test("bin, of a table, of groups, as a key", () => {
    check((rows, of, by) => {
      const mine = table(columns(rows));
      const yours = aq.table(columns(rows));
      const [own, its] = [bin("n" as never, { ...of, offset: by }) as never, aq.bin("n", { ...of, offset: by })];
      expect(mine.derive({ bin: own }).objects()).toEqual(plain(yours.derive({ bin: its }).objects()));
      expect(mine.groupby("g").derive({ bin: own }).ungroup().objects()).toEqual(plain(yours.groupby("g").derive({ bin: its }).objects()));
      const signless = (objects: readonly object[]) => plain(objects).map((row) => ({ ...row, bin: row["bin"] === 0 ? 0 : row["bin"] }));
      expect(mine.groupby({ bin: own }).count().objects()).toEqual(signless(yours.groupby({ bin: its } as never).count().objects()));
      expect(mine.groupby("g").groupby({ bin: own }, "g").count().objects()).toEqual(signless(yours.groupby("g").groupby({ bin: its } as never, "g").count().objects()));
    });
  });
});

test("the bins of a table stay, whatever becomes of its rows; a key without rows has none", () => {
  const rows = table({ x: [0, 5, 10, 95, 100], y: ["a", "a", "b", "b", "b"] });
  const grouped = rows.groupby({ x: bin("x", { maxbins: 10 }) });
  expect(grouped.filter((d) => d.x < 50).count().objects()).toEqual([{ x: 0, count: 2 }, { x: 10, count: 1 }]);
  expect(rows.pivot("y", { x: op.bins("x") }, { keys: ["a", "c"] }).objects()).toEqual([{ a: [0, 5, 0.5], c: null }]);
  expect(grouped.slice(0, 1).ungroup().objects().map(({ x }) => x)).toEqual([0, 10, 95, 100]);
  expect(rows.derive({ b: op.bins("x") }).derive({ bin: (d) => op.bin(d.x, d.b[0], d.b[1], d.b[2]) }).select("bin").objects()).toEqual(rows.derive({ bin: bin("x") }).select("bin").objects());
});

test("numbers so near that no step is between them have bins, too", () => {
  expect(table({ x: [0, 1e-323] }).derive({ bin: bin("x") }).objects().map(({ bin: x }) => x)).toEqual([0, 1e-323]);
});

test("what makes no bins is an error", async () => {
  const rows = table({ x: [1, 2], s: ["a", "b"] });
  const messages = [
    () => bin("x" as never, { maxbins: 0 }), () => bin("x" as never, { minstep: -1 }), () => bin("x" as never, { step: 0 }), () => bin("x" as never, { step: NaN }), () => bin("x" as never, { offset: Infinity }), () => bin("x" as never, { nice: 1 as never }),
    () => bin("x" as never, { bins: 3 } as never), () => bin(((d: { x: number }) => d.x) as never), () => op.bins("x" as never, 10, "yes" as never), () => rows.derive({ b: bin("s" as never) }), () => rows.rollup({ b: op.bins("s" as never) }), () => rows.dedupe({ b: bin("x") } as never),
  ].map(async (wrong) => (await errorOf(wrong)).message.split("\n")[0]);
  expect(await Promise.all(messages)).toMatchInlineSnapshot(`
    [
      "bin: maxbins is a number of 1 or more, not 0",
      "bin: minstep is a number of 0 or more, not -1",
      "bin: step is a number above 0, not 0",
      "bin: step takes a number, not NaN",
      "bin: offset is a number, not Infinity",
      "bin: nice takes true or false, not 1",
      "bin has no option "bins"",
      "bin takes the name of a column, not function",
      "op.bins: nice is true or false, not yes",
      "op.bins takes numbers: the column "s" is string",
      "op.bins takes numbers: the column "s" is string",
      "a row function is expected, not object",
    ]
  `);
});

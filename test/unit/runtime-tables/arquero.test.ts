// Arquero 8.0.3 is the definition: random tables, the same verbs on both.
import * as aq from "arquero";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { desc, op, rolling, table } from "@lockstep/runtime";
import { errorOf } from "./helpers.ts";

interface Row {
  n: number | null;
  s: string | null;
  b: boolean | null;
  d: Date | null;
}

const nullable = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 4 });
const rowOf = fc.record<Row>({
  n: nullable(fc.constantFrom(0, -0, 1, 2.5, -3, NaN, 1e16, Infinity)),
  s: nullable(fc.constantFrom("", "a", "b", 'x"|"y', "\u{1F600}", "\uFFFD", "1")),
  b: nullable(fc.boolean()),
  d: nullable(fc.constantFrom(0, 1, 86_400_000).map((ms) => new Date(ms))),
});
const rowsOf = fc.array(rowOf, { maxLength: 25 });

const columns = (rows: readonly Row[]) => ({ i: rows.map((_, i) => i), n: rows.map((r) => r.n), s: rows.map((r) => r.s), b: rows.map((r) => r.b), d: rows.map((r) => r.d) });
const ours = (rows: readonly Row[]) => table(columns(rows));
const theirs = (rows: readonly Row[]) => aq.table(columns(rows));
/** Facade tables hold no undefined. */
const plain = (objects: readonly object[]) => objects.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, v ?? null])));
const check = (property: (rows: Row[], other: Row[]) => void): void => fc.assert(fc.property(rowsOf, rowsOf, property), { numRuns: 300 });

/** Arquero joins the texts of several keys: 'x"|"y' collides. Only the tables that hold no such text are compared there. */
const sound = (rows: readonly Row[]) => rows.map((row) => ({ ...row, s: row.s === 'x"|"y' ? "xy" : row.s }));

describe("as Arquero answers", () => {
  test("groupby and rollup", () => {
    check((given) => {
      const rows = sound(given);
      const mine = ours(rows)
        .groupby("s", "b")
        .rollup({
          n: op.count(),
          valid: op.valid("n"),
          distinct: op.distinct("n"),
          days: op.distinct("d"),
          sum: op.sum("n"),
          mean: op.mean("n"),
          min: op.min("n"),
          max: op.max("n"),
          low: op.min("s"),
          first: op.any("d"),
          variance: op.variance("n"),
          stdev: op.stdev((d) => d.n),
          variancep: op.variancep("n"),
          stdevp: op.stdevp("n"),
          median: op.median("n"),
          lowest: op.quantile("n", 0),
          tenth: op.quantile((d) => d.n, 0.1),
          highest: op.quantile("n", 1),
          missing: op.invalid("n"),
          twice: op.sum((d) => (d.n === null ? null : d.n * 2)),
        });
      const { op: o } = aq;
      const yours = theirs(rows)
        .groupby("s", "b")
        .rollup({
          n: o.count(),
          valid: o.valid("n"),
          distinct: o.distinct("n"),
          days: o.distinct("d"),
          sum: o.sum("n"),
          mean: o.mean("n"),
          min: o.min("n"),
          max: o.max("n"),
          low: o.min("s"),
          first: o.any("d"),
          variance: o.variance("n"),
          stdev: o.stdev("n"),
          variancep: o.variancep("n"),
          stdevp: o.stdevp("n"),
          median: o.median("n"),
          lowest: o.quantile("n", 0),
          tenth: o.quantile("n", 0.1),
          highest: o.quantile("n", 1),
          missing: o.invalid("n"),
          twice: (d: Row) => o.sum(d.n! * 2),
        });
      // `null * 2` is 0 in Arquero's own expression: only groups without null agree there.
      const [a, b] = [plain(mine.objects()), plain(yours.objects())];
      for (const [i, row] of b.entries()) {
        if (row["valid"] !== row["n"]) row["twice"] = a[i]!["twice"];
        // Arquero's running mean of infinities depends on the order of the rows, and rounds otherwise than a sum.
        if (row["valid"] !== 0 && !Number.isFinite(row["sum"])) row["mean"] = Number(row["sum"]) / Number(row["valid"]);
        for (const of of [a[i]!, row]) of["mean"] = of["mean"] === null ? null : Number(Number(of["mean"]).toPrecision(14));
      }
      expect(a).toEqual(b);
    });
  });

  test("pivot", async () => {
    check((rows) => {
      const { op: o } = aq;
      // Arquero's columns are those of the keys that are there, and its distinct counts the other keys' rows as one more value.
      const there = (keys: readonly string[], columns: Record<string, unknown>) => Object.fromEntries(Object.entries(columns).filter(([name]) => name === "b" || keys.some((key) => name.endsWith(key))));
      const keys = [...new Set(rows.flatMap(({ s }) => (s === null ? [] : [s])))].sort();
      if (keys.length === 0) return;
      const mine = ours(rows).groupby("b").pivot("s", { n: op.count(), sum: op.sum("n"), valid: op.valid("n"), day: op.max("d"), mode: op.mode("i"), fit: op.covariance("i", "i") }, { keys });
      const yours = theirs(rows).groupby("b").pivot("s", { n: o.count(), sum: o.sum("n"), valid: o.valid("n"), day: o.max("d"), mode: o.mode("i"), fit: (d: { i: number }) => o.covariance(d.i, d.i) } as never);
      const finite = (value: unknown) => (typeof value === "number" ? Number(value.toPrecision(12)) : value);
      expect(plain(mine.objects()).map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, finite(v)])))).toEqual(plain(yours.objects()).map((row) => there(keys, Object.fromEntries(Object.entries(row).map(([k, v]) => [k, finite(v)])))));
      expect(ours(rows).pivot({ key: (d) => d.s }, "i", { keys }).objects()).toEqual(plain(theirs(rows).pivot("s", "i").objects()));
    });
    const few = table({ k: ["a", "b", "a", null], v: [1, null, NaN, 3] });
    expect(few.pivot("k", { kinds: op.distinct("v"), missing: op.invalid("v"), last: op.last("v") }, { keys: ["a", "b", "c"] }).objects()).toEqual([{ kinds_a: 2, kinds_b: 1, kinds_c: 0, missing_a: 1, missing_b: 1, missing_c: 0, last_a: NaN, last_b: null, last_c: null }]);
    expect((await errorOf(() => few.pivot("k", "v", {} as never))).code).toBe("LS2016");
  });

  test("impute", () => {
    check((rows) => {
      const mine = ours(rows).groupby("b").impute({ n: op.max("i"), s: (d) => `row ${d.i}`, d: op.min("d") });
      const yours = theirs(rows).groupby("b").impute({ n: aq.op.max("i"), s: (d: { i: number }) => `row ${d.i}`, d: aq.op.min("d") } as never);
      expect(mine.ungroup().objects()).toEqual(plain(yours.objects()));
      expect(ours(rows).impute({ n: op.median("i") }).objects()).toEqual(plain(theirs(rows).impute({ n: aq.op.median("i") }).objects()));
    });
  });

  test("unroll", () => {
    check((rows) => {
      const texts = rows.map((row, i) => ({ ...row, t: ["a b", "", "b  c", "x,y z"][i % 4]! }));
      const [mine, yours] = [ours(texts).derive({ t: (d) => ["a b", "", "b  c", "x,y z"][d.i % 4]! }), aq.table({ ...columns(rows), t: texts.map(({ t }) => t) })];
      const split = (d: { t: string }) => aq.op.split(d.t, " ");
      expect(mine.unroll({ w: (d) => d.t.split(" ") }).objects()).toEqual(plain(yours.unroll({ w: split } as never).objects()));
      expect(mine.unroll({ t: (d) => d.t.split(" ") }, { limit: 2, index: true, drop: ["s", "d"] }).objects()).toEqual(plain(yours.unroll({ t: split } as never, { limit: 2, index: true, drop: ["s", "d"] }).objects()));
    });
  });

  test("a rollup without groups", () => {
    check((rows) => {
      const mine = ours(rows).rollup({ n: op.count(), sum: op.sum("n"), any: op.any("s"), median: op.median("n") });
      const yours = theirs(rows).rollup({ n: aq.op.count(), sum: aq.op.sum("n"), any: aq.op.any("s"), median: aq.op.median("n") });
      expect(mine.objects()).toEqual(plain(yours.objects()));
    });
  });

  test("modes, and aggregates of pairs", () => {
    check((rows) => {
      const mine = ours(rows).groupby("b").rollup({ n: op.mode("n"), s: op.mode("s"), d: op.mode("d"), cov: op.covariance("n", "i"), covp: op.covariancep("i", "n"), corr: op.corr("n", (d) => d.i * 2) });
      const { op: o } = aq;
      const yours = theirs(rows).groupby("b").rollup({ n: o.mode("n"), s: o.mode("s"), d: o.mode("d"), cov: o.covariance("n", "i"), covp: o.covariancep("i", "n"), corr: (d: { n: number; i: number }) => o.corr(d.n, d.i * 2) } as never);
      // A mode of -0 and 0 is 0; infinities have no spread.
      const like = ({ n, cov, covp, corr, ...rest }: Record<string, unknown>) => ({ ...rest, n: n === 0 ? 0 : n, ...Object.fromEntries(Object.entries({ cov, covp, corr }).map(([name, v]) => [name, v === null || Number.isFinite(v) ? v : NaN])) });
      expect(mine.objects()).toEqual(plain(yours.objects()).map(like));
    });
    const values = [2, 0.5, null, 3, 1e300, 1e300, NaN, 1e-300, 1e-300];
    const one = table({ v: values, k: values.map((v) => v === null) });
    expect(one.rollup({ all: op.product("v") }).get("all")).toBeCloseTo(3, 12);
    expect(one.groupby("k").rollup({ all: op.product("v"), first: op.first("v"), last: op.last("v") }).array("all")).toEqual([expect.closeTo(3, 12), null]);
    expect(one.derive({ soFar: rolling(op.product("v")), last: rolling(op.last("v"), [0, 1]) }).array("soFar").slice(0, 4)).toEqual([2, 1, 1, 3]);
  });

  test("one key of every type, null and NaN groups of their own", () => {
    check((rows) => {
      for (const key of ["n", "s", "b", "d"] as const) {
        // Arquero's key of -0 and 0 is the one that comes first, ours is 0.
        const unsigned = theirs(rows).groupby(key).count().objects().map((row) => ({ ...row, [key]: row[key] === 0 ? 0 : row[key] }));
        expect(ours(rows).groupby(key).count().objects()).toEqual(plain(unsigned));
      }
    });
  });

  test("orderby", () => {
    check((rows) => {
      expect(ours(rows).orderby("s", desc("n"), "d").array("i")).toEqual(theirs(rows).orderby("s", aq.desc("n"), "d").array("i"));
      expect(ours(rows).orderby(desc("b"), "n", desc("s")).array("i")).toEqual(theirs(rows).orderby(aq.desc("b"), "n", aq.desc("s")).array("i"));
      expect(ours(rows).orderby((d) => (d.n === null ? null : -d.n)).array("i")).toEqual(
        theirs(rows).orderby(aq.escape((d: Row) => (d.n === null ? null : -d.n))).array("i"),
      );
    });
  });

  test("join: left, then right row order", () => {
    check((left, right) => {
      for (const key of ["s", "n", "d", ["s", "b"]] as const) {
        const on = [key, key] as never;
        const yours = theirs(left).join(theirs(right), on).objects();
        if (left.length < right.length) yours.sort((a, b) => Number(a["i_1"]) - Number(b["i_1"]) || Number(a["i_2"]) - Number(b["i_2"]));
        if (!Array.isArray(key) || !left.concat(right).some((row) => row.s === 'x"|"y')) {
          expect(ours(left).join(ours(right), on).objects()).toEqual(yours);
        }
      }
    });
  });

  test("join_left: unmatched rows last", () => {
    check((left, right) => {
      const wide = [...left, ...right]; // Arquero keeps left row order where the left table is not the smaller one.
      expect(plain(ours(wide).join_left(ours(right), "s").objects())).toEqual(plain(theirs(wide).join_left(theirs(right), "s").objects()));
    });
  });

  test("joins by a condition", () => {
    check((rows, other) => {
      const [right, theirRight] = [ours(other).select("i", "s", "d"), theirs(other).select("i", "s", "d")];
      const condition = (a: { i: number; s: string | null }, b: { i: number; s: string | null }) => a.i < b.i && a.s === b.s;
      // Arquero reads the text of the function, for which null and undefined are two.
      const theirCondition = condition as never;
      expect(ours(rows).join(right, condition).objects()).toEqual(plain(theirs(rows).join(theirRight, theirCondition).objects()));
      expect(plain(ours(rows).join_left(right, condition).objects())).toEqual(plain(theirs(rows).join_left(theirRight, theirCondition).objects()));
      expect(plain(ours(rows).join_right(right, condition).objects())).toEqual(plain(theirs(rows).join_right(theirRight, theirCondition).objects()));
      expect(plain(ours(rows).join_full(right, condition).objects())).toEqual(plain(theirs(rows).join_full(theirRight, theirCondition).objects()));
      expect(ours(rows).semijoin(right, condition).array("i")).toEqual(theirs(rows).semijoin(theirRight, theirCondition).array("i"));
      expect(ours(rows).antijoin(right, condition).array("i")).toEqual(theirs(rows).antijoin(theirRight, theirCondition).array("i"));
    });
  });

  test("join_right and join_full: unmatched rows last, shared keys of the side that is there", () => {
    check((left, right) => {
      const wide = [...left, ...right];
      expect(plain(ours(wide).join_right(ours(right), "s").objects())).toEqual(plain(theirs(wide).join_right(theirs(right), "s").objects()));
      expect(plain(ours(wide).join_full(ours(right), "s").objects())).toEqual(plain(theirs(wide).join_full(theirs(right), "s").objects()));
      const on = [["i", "d"], ["n", "d"]] as never;
      expect(plain(ours(wide).join_full(ours(right), on).objects())).toEqual(plain(theirs(wide).join_full(theirs(right), on).objects()));
    });
  });

  test("fold", () => {
    check((rows) => {
      expect(plain(ours(rows).fold(["i", "n"]).objects())).toEqual(plain(theirs(rows).fold(["i", "n"]).objects()));
      expect(plain(ours(rows).fold("s", { as: ["name", "text"] }).objects())).toEqual(plain(theirs(rows).fold("s", { as: ["name", "text"] }).objects()));
    });
  });

  test("cross, but of an empty table", () => {
    check((left, right) => {
      const yours = left.length * right.length === 0 ? [] : theirs(left).cross(theirs(right)).objects();
      expect(ours(left).cross(ours(right)).objects()).toEqual(yours);
    });
  });

  test("lookup: the last match", () => {
    check((left, right) => {
      const keyed = right.filter((row) => row.s !== null);
      expect(plain(ours(left).lookup(ours(keyed), "s", "n", "d").objects())).toEqual(plain(theirs(left).lookup(theirs(keyed), "s", "n", "d").objects()));
    });
  });

  test("semijoin and antijoin", () => {
    check((left, right) => {
      expect(ours(left).semijoin(ours(right), "s").array("i")).toEqual(theirs(left).semijoin(theirs(right), "s").array("i"));
      const anti = theirs(left).antijoin(theirs(right), "n");
      expect(ours(left).antijoin(ours(right), "n").array("i")).toEqual(anti.array("i"));
    });
  });

  test("filter, derive, select, rename, slice, concat, dedupe, union, intersect, except", () => {
    fc.assert(
      fc.property(rowsOf, rowsOf, fc.integer({ min: -30, max: 30 }), fc.integer({ min: -30, max: 30 }), (a, b, start, end) => {
        const rows = sound(a);
        const test = (d: Row): boolean | null => d.n! > 0 && d.b;
        const size = (d: Row): number => (d.s ?? "").length + Number(d.b);
        expect(ours(rows).filter(test).objects()).toEqual(theirs(rows).filter(aq.escape(test)).objects());
        expect(ours(rows).derive({ n: size, m: size }).objects()).toEqual(theirs(rows).derive({ n: aq.escape(size), m: aq.escape(size) }).objects());
        expect(ours(rows).select("s", { i: "row" }, ["b"]).columnNames()).toEqual(theirs(rows).select("s", { i: "row" }, ["b"]).columnNames());
        expect(ours(rows).rename({ s: "t" }).columnNames()).toEqual(theirs(rows).rename({ s: "t" }).columnNames());
        expect(ours(rows).slice(start, end).array("i")).toEqual(theirs(rows).slice(start, end).array("i"));
        expect(ours(rows).slice(start).array("i")).toEqual(theirs(rows).slice(start).array("i"));
        expect(ours(rows).concat(ours(b)).objects()).toEqual(theirs(rows).concat(theirs(b)).objects());
        expect(ours(rows).dedupe("s", "b").objects()).toEqual(theirs(rows).dedupe("s", "b").objects());
        const others = sound(b);
        const [mine, yours] = [ours(rows).select("n", "s", "b", "d"), theirs(rows).select("n", "s", "b", "d")];
        const [more, theirMore] = [ours(others).select("n", "s", "b", "d"), theirs(others).select("n", "s", "b", "d")];
        expect(mine.union(more).objects()).toEqual(yours.union(theirMore).objects());
        expect(mine.intersect(more).objects()).toEqual(yours.intersect(theirMore).objects());
        expect(mine.except(more, mine.slice(0, 3)).objects()).toEqual(yours.except(theirMore, yours.slice(0, 3)).objects());
        expect(ours([...rows, ...rows]).select("n", "d").dedupe().objects()).toEqual(theirs([...rows, ...rows]).select("n", "d").dedupe().objects());
      }),
    );
  });

  test("windows of sorted groups: functions, whole and rolling aggregates", () => {
    check((rows) => {
      const { op: o } = aq;
      const mine = ours(rows).orderby("s", desc("n")).groupby("b").derive({
        place: op.row_number(), rank: op.rank(), average: op.avg_rank(), dense: op.dense_rank(), percent: op.percent_rank(), share: op.cume_dist(), bucket: op.ntile(3),
        before: op.lag("n"), before2: op.lag("d", 2), after: op.lead("i", 1, -1), first: op.first_value("s"), last: op.last_value("i"), third: op.nth_value("n", 3), down: op.fill_down("n"), up: op.fill_up("n", 7),
        n: op.count(), sum: op.sum("n"), any: op.any("s"), soFar: rolling(op.sum("n")), lowSoFar: rolling(op.min("n"), [-Infinity, 1], true), kinds: rolling(op.distinct("s"), [-2, 1]), valid: rolling(op.valid("n"), [-1, 0], true), high: rolling(op.max("i"), [0, 3]),
        near: rolling(op.first_value("i"), [-2, 2]), nearPeers: rolling(op.first_value("i"), [-1, 0], true), lastPeer: rolling(op.last_value("i"), null, true), second: rolling(op.nth_value("i", 2), [-1, 1], true),
      });
      const yours = theirs(rows).orderby("s", aq.desc("n")).groupby("b").derive({
        place: o.row_number(), rank: o.rank(), average: o.avg_rank(), dense: o.dense_rank(), percent: o.percent_rank(), share: o.cume_dist(), bucket: o.ntile(3),
        before: o.lag("n"), before2: o.lag("d", 2), after: o.lead("i", 1, -1), first: o.first_value("s"), last: o.last_value("i"), third: o.nth_value("n", 3), down: o.fill_down("n"), up: o.fill_up("n", 7),
        n: o.count(), sum: o.sum("n"), any: o.any("s"), soFar: aq.rolling(o.sum("n")), lowSoFar: aq.rolling(o.min("n"), [-Infinity, 1], true), kinds: aq.rolling(o.distinct("s"), [-2, 1]), valid: aq.rolling(o.valid("n"), [-1, 0], true), high: aq.rolling(o.max("i"), [0, 3]),
        near: aq.rolling(o.first_value("i"), [-2, 2]), nearPeers: aq.rolling(o.first_value("i"), [-1, 0], true), lastPeer: aq.rolling(o.last_value("i"), null, true), second: aq.rolling(o.nth_value("i", 2), [-1, 1], true),
      } as never);
      expect(mine.ungroup().objects()).toEqual(plain(yours.objects()));
    });
  });

  test("slices of groups, rolling without groups and order", () => {
    fc.assert(
      fc.property(rowsOf, fc.integer({ min: -6, max: 6 }), fc.integer({ min: -6, max: 6 }), (rows, start, end) => {
        expect(ours(rows).groupby("b").slice(start, end).ungroup().array("i")).toEqual(theirs(rows).groupby("b").slice(start, end).array("i"));
        const mine = ours(rows).derive({ rank: op.rank(), share: op.cume_dist(), soFar: rolling(op.mean("i")), low: rolling(op.min("n"), [-3, 3]), before: op.lag("s", 2, "?") });
        const yours = theirs(rows).derive({ rank: aq.op.rank(), share: aq.op.cume_dist(), soFar: aq.rolling(aq.op.mean("i")), low: aq.rolling(aq.op.min("n"), [-3, 3]), before: aq.op.lag("s", 2, "?") } as never);
        expect(mine.objects()).toEqual(plain(yours.objects()));
      }),
    );
  });
});

test("a frame's aggregate is a rollup of its rows", () => {
  // Where Arquero takes values out of a running sum: an infinity or 1e16 that has left the frame stays in it.
  const sums = ours([{ n: 1e16, s: "", b: true, d: null }, { n: 1, s: "", b: true, d: null }, { n: Infinity, s: "", b: true, d: null }, { n: 2, s: "", b: true, d: null }, { n: 3, s: "", b: true, d: null }]);
  expect(sums.derive({ two: rolling(op.sum("n"), [-1, 0]), first: rolling(op.any("n"), [-1, 0]) }).array("two")).toEqual([1e16, 1e16 + 1, Infinity, Infinity, 5]);
  expect(sums.derive({ first: rolling(op.any("n"), [-1, 0]) }).array("first")).toEqual([1e16, 1e16, 1, Infinity, 2]);
});

test("a range is measured in the column's values, wherever the rows stand", () => {
  const days = table({ at: [3, 1, 9, 2, 4].map((day) => new Date(day * 86_400_000)), v: [1, 2, 4, 8, 16], x: [1, null, 2, NaN, Infinity] });
  const derived = days.derive({
    two: rolling(op.sum("v"), { preceding: { days: 1, hours: 24 }, on: "at" }),
    around: rolling(op.sum("v"), { preceding: { days: 1 }, following: { days: 1 }, on: "at" }),
    near: rolling(op.sum("v"), { on: "x", preceding: 1 }),
    below: rolling(op.sum("v"), { on: "x", preceding: Infinity }),
  });
  expect(derived.array("two")).toEqual([11, 2, 4, 10, 25]);
  expect(derived.array("around")).toEqual([25, 10, 4, 11, 17]);
  expect(derived.array("near")).toEqual([1, 10, 5, 10, 16]);
  expect(derived.array("below")).toEqual([1, 10, 5, 10, 21]);
});

test("misused windows are told", async () => {
  const rows = ours([{ n: 1, s: "", b: true, d: null }]);
  const misuses: (() => unknown)[] = [
    () => rows.derive({ x: (d) => op.lag(d.n as never) as never }),
    () => op.lag("n" as never, 0), () => op.lead("n" as never, 1.5), () => op.ntile(0), () => op.nth_value("n" as never, -1),
    () => rolling(op.lag("n" as never) as never), () => rolling(op.sum("n" as never), [1, 2]), () => rolling(op.sum("n" as never), [-3, -1]), () => rolling(op.sum("n" as never), [-0.5, 0]),
    () => rows.derive({ x: rolling(op.sum("n"), { on: "s" as never, preceding: 1 }) }), () => rolling(op.sum("n" as never), { on: "n" as never, preceding: -1 }), () => rolling(op.sum("n" as never), { on: "d" as never, preceding: { fortnights: 1 } as never }),
    () => rolling(op.first_value("n" as never), { on: "n" as never, preceding: 1 } as never),
  ];
  for (const misuse of misuses) expect((await errorOf(misuse)).code).toBe("LS2016");
});

// Arquero 8.0.3 is the definition of what verbs take besides: choices of columns, places, suffixes. The same on both.
import * as aq from "arquero";
import { describe, expect, test } from "vitest";
import { all, endswith, matches, not, op, startswith, table } from "@lockstep/runtime";
import { errorOf } from "./helpers.ts";

const left = { id: [1, 2, 3, 4], key_a: ["x", "y", null, "x"], key_b: [1, 1, 2, 1], v: [0.5, null, 2, 3], note: ["p", "q", "r", "s"] };
const right = { id: [9, 8, 7], key_a: ["x", "z", "x"], v: [10, 20, 30], w: [true, false, null] };
/** Facade tables hold no undefined. */
const plain = (objects: readonly object[]) => objects.map((row) => Object.entries(row).map(([k, v]) => [k, v ?? null]));
const same = (mine: { objects(): object[] }, yours: { objects(): object[] }): void => expect(plain(mine.objects())).toEqual(plain(yours.objects()));
const [a, b, c, d] = [table(left), table(right), aq.table(left), aq.table(right)];

describe("as Arquero answers", () => {
  test("columns chosen by their names", () => {
    same(a.select(not("id", ["note"])), c.select(aq.not("id", ["note"])));
    same(a.select(startswith("key_"), "id"), c.select(aq.startswith("key_"), "id"));
    same(a.select(endswith("_b"), matches("o")), c.select(aq.endswith("_b"), aq.matches("o")));
    same(a.select(not(startswith("key"), "v")), c.select(aq.not(aq.startswith("key"), "v")));
    same(a.select({ v: "value" }, all()), c.select({ v: "value" }, aq.all()));
    same(a.select(all(), { v: "value" }), c.select(aq.all(), { v: "value" }));
    same(a.select("note", [not("id"), "id"]), c.select("note", [aq.not("id"), "id"]));
    same(a.select(startswith("none"), "id"), c.select(aq.startswith("none"), "id"));
    same(a.groupby(startswith("key_")).count(), c.groupby(aq.startswith("key_")).count());
    same(a.dedupe(not("id", "v", "note")), c.dedupe(aq.not("id", "v", "note")));
    same(a.fold(not("id", "key_a", "note")), c.fold(aq.not("id", "key_a", "note")));
    same(a.select("id", "key_a").lookup(b, "key_a", not("id", "key_a")), c.select("id", "key_a").lookup(d.filter((row: { id: number }) => row.id !== 8), "key_a", aq.not("id", "key_a")));
    same(a.unroll({ e: (row) => [row.id, row.key_b] }, { drop: not("note") }), c.unroll({ e: (row: { id: number; key_b: number }) => [row.id, row.key_b] } as never, { drop: aq.not("note") as never }));
  });

  test("columns of a join, and what those of one name end in", () => {
    const suffix = ["_l", "_r"] as const;
    for (const verb of ["join", "join_left", "join_right", "join_full"] as const) {
      const mine = a[verb] as (...of: unknown[]) => { objects(): object[] };
      const yours = c[verb] as (...of: unknown[]) => { objects(): object[] };
      const both = (ours: readonly unknown[], theirs: readonly unknown[] = ours): void => same(mine.call(a, b, ...ours), yours.call(c, d, ...theirs));
      both(["key_a"]);
      both(["key_a", null, { suffix }]);
      both(["key_a", null, { suffix: ["", "_r"] }]);
      both(["key_a", null, { suffix: ["_l", ""] }]);
      both(["key_a", [["id", "key_a"]]]);
      both(["key_a", [["v", "id"], ["w", "id", "key_a"]], { suffix }]);
      both(["key_a", [["v", "v"], "v"]]);
      both(["key_a", [not("note"), not("key_a")]], ["key_a", [aq.not("note"), aq.not("key_a")]]);
      both([["key_b", "id"], [[], all()]], [["key_b", "id"], [[], aq.all()]]);
      both([["key_a", "key_a"], [all(), all()], { suffix }], [["key_a", "key_a"], [aq.all(), aq.all()], { suffix }]);
      both([(one: { v: number }, other: { v: number }) => one.v * 10 === other.v, [["id"], ["id"]]]);
      both([(one: { v: number }, other: { v: number }) => one.v * 10 === other.v, null, { suffix }]);
    }
    same(a.cross(b, [["id"], not("key_a", "v")], { suffix: ["", "_2"] }), c.cross(d, [["id"], aq.not("key_a", "v")], { suffix: ["", "_2"] }));
  });

  test("where columns stand", () => {
    same(a.relocate("note", { before: "id" }), c.relocate("note", { before: "id" }));
    same(a.relocate(["v", "id"], { after: "key_a" }), c.relocate(["v", "id"], { after: "key_a" }));
    same(a.relocate(["v", "id"], { after: "id" }), c.relocate(["v", "id"], { after: "id" }));
    same(a.relocate(startswith("key"), { before: all() }), c.relocate(aq.startswith("key") as never, { before: aq.all() as never }));
    same(a.relocate([{ v: "value" }, not("id", "v")], { after: all() }), c.relocate([{ v: "value" }, aq.not("id", "v") as never], { after: aq.all() as never }));
    same(a.relocate("id", { after: not("note") }), c.relocate("id", { after: aq.not("note") as never }));
    type Row = { id: number; key_b: number; v: number };
    const [mine, yours] = [{ x: (row: Row) => row.id + 1, v: (row: Row) => row.key_b, y: (row: Row) => row.id * 2 }, { x: (row: Row) => row.id + 1, v: (row: Row) => row.key_b, y: (row: Row) => row.id * 2 }];
    same(a.derive(mine as never, { before: "key_a" }), c.derive(yours, { before: "key_a" }));
    same(a.derive(mine as never, { after: ["id", "key_b"] }), c.derive(yours, { after: ["id", "key_b"] }));
    same(a.derive(mine as never, { after: not("note") }), c.derive(yours, { after: aq.not("note") as never }));
    same(a.derive(mine as never, { drop: true }), c.derive(yours, { drop: true }));
    same(a.derive({ n: op.row_number(), all: op.sum("v") }, { before: all() }), c.derive({ n: aq.op.row_number(), all: aq.op.sum("v") }, { before: aq.all() as never }));
  });

  test("columns of the elements of arrays, as many as are named", () => {
    const arrays = { id: [1, 2, 3], pair: [[1, 2], [3], null], words: [["a", "b", "c"], ["d"], []], text: ["x-y", "z", ""] };
    const [mine, yours] = [table(arrays), aq.table(arrays)];
    same(mine.spread("pair", { as: ["low", "high"] }), yours.spread("pair", { as: ["low", "high"] }));
    same(mine.spread("words", { limit: 2 }), yours.spread("words", { limit: 2 }));
    same(mine.spread("words", { as: ["a"], limit: 3 }), yours.spread("words", { as: ["a"], limit: 3 }));
    same(mine.spread("words", { as: ["a", "b", "c"], limit: 1, drop: false }), yours.spread("words", { as: ["a", "b", "c"], limit: 1, drop: false }));
    same(mine.spread(["words", "pair"], { limit: 2 }), yours.spread(["words", "pair"], { limit: 2 }));
    same(mine.spread({ pair: (row) => [row.id, row.id + 1], part: (row) => row.text.split("-") }, { limit: 2 }), yours.spread({ pair: (row: { id: number }) => [row.id, row.id + 1], part: (row: { text: string }) => aq.op.split(row.text, "-") } as never, { limit: 2 }));
    // Where no row has as many Arquero has no column.
    expect(mine.spread("pair", { limit: 3 }).objects()[0]).toEqual({ ...yours.spread("pair", { limit: 3 }).objects()[0], pair_3: null });
  });

  test("samples by weight are as often of each row", () => {
    const rows = { id: [0, 1, 2, 3, 4], w: [1, 2, 0, 4, 8] };
    const [mine, yours] = [table(rows), aq.table(rows)];
    const often = (sample: (seed: number) => readonly number[]): number[] => {
      const times = rows.id.map(() => 0);
      for (let seed = 0; seed < 4000; seed++) for (const id of sample(seed)) times[id]!++;
      return times.map((n) => n / 4000);
    };
    const [a1, b1] = [often((seed) => mine.sample(2, { weight: "w", seed }).array("id")), often(() => yours.sample(2, { weight: "w" }).array("id") as number[])];
    for (const id of rows.id) expect(Math.abs(a1[id]! - b1[id]!), `${a1} and ${b1}`).toBeLessThan(0.05);
    expect(a1[2]).toBe(0);
    // Of places, which are random whatever the weight.
    const first = often((seed) => mine.sample(2, { weight: (d) => d.w, seed }).array("id").slice(0, 1));
    for (const id of rows.id) expect(Math.abs(first[id]! - a1[id]! / 2)).toBeLessThan(0.03);
    expect(mine.sample(5, { weight: "w", shuffle: false }).array("id")).toEqual(rows.id);
    expect(mine.sample(4, { weight: "w", shuffle: false }).array("id")).toEqual([0, 1, 3, 4]);
  });

  test("the name of a count", () => {
    same(a.count({ as: "n" }), c.count({ as: "n" }));
    same(a.groupby("key_a").count({ as: "key_a" }), c.groupby("key_a").count({ as: "key_a" }));
    same(a.groupby("key_a").count({}), c.groupby("key_a").count({}));
  });
});

test("what is meant and not there is told, where Arquero passes over it", async () => {
  const misuses: (() => unknown)[] = [
    () => a.select(not("nothing" as "id")), () => a.select(not(1 as never)), () => a.select(startswith(/k/ as never)), () => a.groupby(not("nothing" as "id")),
    () => a.join(b, "key_a", [["nothing" as "id"]]), () => a.join(b, "key_a", [[], ["note" as "id"]]), () => a.join(b, "key_a", null, { suffix: ["", ""] }), () => a.join(b, "key_a", null, { suffix: ["_x"] as never }), () => a.join(b, "key_a", null, { left: true } as never),
    () => a.relocate("id", {} as never), () => a.relocate("id", { before: "v", after: "v" } as never), () => a.relocate("id", { before: "nothing" as "v" }), () => a.relocate("id", { before: startswith("nothing") }), () => a.relocate("nothing" as "id", { before: "v" }),
    () => a.derive({ x: (row) => row.id }, { before: "nothing" as "id" }), () => a.derive({ x: (row) => row.id }, { befor: "id" } as never), () => a.count({ as: 1 } as never), () => a.count("n" as never),
    () => a.spread("id" as never, { limit: 2 }), () => a.spread({ x: (row) => [row.id] }, {} as never), () => a.spread({ x: (row) => [row.id] }, { limit: 1.5 }), () => a.spread({ x: (row) => [row.id] }, { as: ["id"] }),
  ];
  for (const misuse of misuses) expect((await errorOf(misuse)).code, String(misuse)).toBe("LS2016");
});

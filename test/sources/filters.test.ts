/** What a source is told of the rows that are wanted, and that no answer depends on it: on 1, 2, 3 and 7 ranks, whatever it makes of it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Executions } from "../executions.ts";
import { difference } from "../oracle/compare.ts";
import { shared } from "../sample.ts";
import * as filters from "./programs/filters.ts";
import type { Things } from "./programs/things.ts";

const programs = new Executions(filters, "test/sources/programs/filters.ts");
beforeAll(() => programs.open(), 120_000);
afterAll(() => programs.close());

let logs = 0;
const options = (how: Things["filters"]): Things => ({ filters: how, log: join(programs.scratch, `log-${++logs}`) });
const told = ({ log }: Things): { call: string; filter: string[] }[] => readFileSync(log, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as { call: string; filter: string[] });

const at = (ms: number): Date => new Date(Date.UTC(2024, 0, 1) + ms);
const day = (ms: number): string => at(ms).toISOString();

/** A program, what it is called with, and what the source is told. */
const cases: readonly (readonly [name: keyof typeof filters, args: readonly unknown[], conditions: readonly string[]])[] = [
  ["texts", ["O'Brien"], ['label eq "O\'Brien"']],
  ["texts", ['say "x"'], ['label eq "say \\"x\\""']],
  ["texts", ["back\\slash"], ['label eq "back\\\\slash"']],
  ["texts", ["ä€😀"], ['label eq "ä€😀"']],
  ["texts", [""], ['label eq ""']],
  ["texts", [null], ["label isNull"]],
  ["textOrder", ["O", "b"], ["label isNotNull", 'label gte "O"', 'label lt "b"']],
  ["textIn", [["a", "O'Brien", "nowhere"]], ["label isNotNull", 'label in "a" "O\'Brien" "nowhere"']],
  ["textIn", [[]], ["label isNotNull"]],
  ["textInOrNull", [["a", null]], []],
  ["textInOrNull", [["a", "; drop table"]], ['label in "a" "; drop table"']],
  ["numberEq", [0.1 + 0.2], ["n eq 0.30000000000000004"]],
  ["numberEq", [-0], ["n eq 0"]],
  ["numberEq", [NaN], []],
  ["numberAbove", [1], ["n gt 1"]],
  ["numberAbove", [0], ["n gt 0"]],
  // Null is 0.
  ["numberAbove", [-2], []],
  ["numberAbove", [-Infinity], []],
  ["numberBelow", [1], []],
  ["numberBelow", [-0.5], ["n lt -0.5"]],
  ["numberBelowNotNull", [1], ["n isNotNull", "n lt 1"]],
  ["numberFrom", [0], []],
  ["numberFrom", [1e300], ["n gte 1e+300"]],
  ["numberIn", [[0, 1.5]], ["n isNotNull", "n in 0 1.5"]],
  ["numberIn", [[1, NaN]], ["n isNotNull"]],
  ["notAbove", [1], []],
  ["bigBelow", [2n ** 60n + 40n], ["id lt 1152921504606847016n", "id gte 2n"]],
  ["bigIn", [[3n, 2n ** 60n + 3n]], ["id in 3n 1152921504606846979n"]],
  ["flags", [], ["sure eq true", "ok eq false"]],
  ["unsure", [], ["sure eq false"]],
  ["nulls", [], ["seen isNull", "label isNotNull"]],
  // Of microseconds the program sees whole milliseconds.
  ["instantsTo", [at(5)], [`at lt ${day(6)}`]],
  ["instantsBelow", [at(5)], [`at lt ${day(5)}`]],
  ["instantsAbove", [at(5)], [`at gte ${day(6)}`]],
  ["instantsFrom", [at(5)], [`at gte ${day(5)}`]],
  ["instant", [at(5)], [`at gte ${day(5)}`, `at lt ${day(6)}`]],
  ["instantsTo", [new Date(8.64e15)], []],
  ["instantsIn", [[at(5).getTime(), at(7).getTime()]], []],
  // Null is 1970.
  ["seenBelow", [new Date(5000)], []],
  ["seenBelow", [new Date(-5000)], ["seen lt 1969-12-31T23:59:55.000Z"]],
  ["seenAbove", [new Date(5000)], ["seen gt 1970-01-01T00:00:05.000Z"]],
  ["seenIn", [[5000, -3000]], ["seen isNotNull", "seen in 1970-01-01T00:00:05.000Z 1969-12-31T23:59:57.000Z"]],
  ["seenIn", [[5000.5]], ["seen isNotNull"]],
  ["written", [], ["day gte 2024-01-31T00:00:00.000Z", "day lt 2024-02-15T00:00:00.000Z"]],
  ["invalid", [new Date(NaN)], []],
  ["prices", [3.5], ["price gt 3.5", "price lte 15.25"]],
  ["smalls", [0.1], []],
  ["either", [3], []],
  ["computed", [3], []],
  ["beforeFallible", [3], ["label isNotNull", "price gt 3"]],
  ["behindFallible", [3], []],
  ["renamed", [3], ["price lt 3"]],
  ["twice", [3], []],
  ["afterSlice", [3], []],
];

describe.each(shared([1, 2, 3, 7], 0))("on %i ranks", (ranks) => {
  it.each(cases.map(([name, args, conditions]) => [name, conditions.join(" && ") || "nothing", args, conditions] as const))("%s: %s", async (name, _, args, conditions) => {
    const right = await programs.value(programs.plain(name, [options("exactly"), ...args]));
    for (const how of ["exactly", "not"] as const) {
      const asked = options(how);
      expect(difference(right, await programs.value(programs.onRanks(ranks, name, [asked, ...args]))), how).toBeNull();
      const calls = told(asked);
      expect(calls[0]).toEqual({ call: "chunks", filter: conditions });
      for (const { filter } of calls) expect(filter).toEqual(conditions);
    }
  });

  it("parts without such rows are not read", async () => {
    const asked = options("exactly");
    await programs.value(programs.onRanks(ranks, "prices", [asked, 12.6]));
    expect(told(asked).map(({ call }) => call)).toEqual(["chunks", "chunk 5"]);
  });

  it("a source that takes it wrongly answers wrongly, and one that fails by it says so", async () => {
    expect(await programs.value(programs.onRanks(ranks, "prices", [options("wrongly"), 12.6]))).toEqual([]);
    expect(await programs.onRanks(ranks, "prices", [options("badly"), 12.6])).toMatchObject({ error: { code: "LS2025", message: "things: chunks gives no list" } });
    expect(await programs.onRanks(ranks, "prices", [options("never"), 12.6])).toMatchObject({ error: { code: "LS2025", message: "things: chunks: no such filter" } });
  });

  it("by an interface that is not the source's nothing is asked for", async () => {
    const asked = options("exactly");
    expect(await programs.onRanks(ranks, "misread", [asked, "a"])).toMatchObject({ error: { code: "LS2002", message: expect.stringContaining("id: string, and the source says int64") } });
    expect(existsSync(asked.log)).toBe(false);
  });
});

it("plain Node tells nothing", async () => {
  const asked = options("exactly");
  await programs.value(programs.plain("prices", [asked, 12.6]));
  expect(told(asked)).toEqual(["chunks", ...Array.from({ length: 9 }, (_, chunk) => `chunk ${chunk}`)].map((call) => ({ call, filter: [] })));
});

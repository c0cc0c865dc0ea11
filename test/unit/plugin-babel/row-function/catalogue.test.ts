import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { aggregates } from "../../../../plugin-babel/src/functions/index.ts";
import { file, vectors } from "./native-vectors.ts";

const native = join(import.meta.dirname, "../../../../native-rs");

test("aggregates have the plan's names", () => {
  const plan = readFileSync(join(native, "plan/index.d.ts"), "utf8");
  const known = /AggregateFunction = ([^;]*);/.exec(plan)![1]!.replaceAll('"', "").split(" | ");
  expect(aggregates.filter((fn) => !known.includes(fn.plan)).map((fn) => fn.name)).toEqual([]);
  expect(known.filter((name) => !aggregates.some((fn) => fn.plan === name))).toEqual([]);
});

test("the native crate's vectors are those of these row functions", () => {
  expect(readFileSync(file, "utf8") === vectors(), "run: node test/unit/plugin-babel/row-function/native-vectors.ts").toBe(true);
});

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { scalarFunctions } from "../../../plugin-babel/src/functions/index.ts";
import { file as rowFunctions } from "../plugin-babel/row-function/native-vectors.ts";
import { FILE, text } from "./vectors.mjs";

// What ECMA-262 leaves to the engine may differ between its releases: the vectors are those of the repository's Node.
const [major] = process.versions.node.split(".");

test.runIf(major === "26")("the vectors that the native functions are tested with are what this engine answers", () => {
  const wanted = text().split("\n");
  const kept = readFileSync(FILE, "utf8").split("\n");
  const stale = wanted.filter((line, index) => line !== kept[index]).map((line) => line.slice(0, 120));
  expect(stale, "run: node test/unit/functions/vectors.mjs").toEqual([]);
  expect(kept.length).toBe(wanted.length);
});

test("every function that the compiler may put into a plan is tested natively", () => {
  const cases: { function: string }[] = JSON.parse(readFileSync(FILE, "utf8"));
  // Vectors have no objects: what makes and reads them is tested in whole row functions.
  const ofObjects = readFileSync(rowFunctions, "utf8").matchAll(/"function":"(object\.\w+)"/g);
  const tested = new Set([...cases.map((each) => each.function), ...Array.from(ofObjects, ([, name]) => name!)]);
  expect([...scalarFunctions.keys()].filter((name) => !tested.has(name))).toEqual([]);
});

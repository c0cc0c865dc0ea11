import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FILE, vectors } from "./vectors.mjs";

const [major] = process.versions.node.split(".");

test.runIf(major === "26")("the lines that the native reader is tested with are what this engine makes of them", () => {
  expect(readFileSync(FILE, "utf8") === vectors(), "run: node test/unit/json-lines/vectors.mjs").toBe(true);
});

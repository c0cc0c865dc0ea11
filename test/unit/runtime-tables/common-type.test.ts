/** Types of one column in several files: the same in both executions. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseType, printType, typeNamed } from "../../../runtime/src/tables/arrow-type.ts";
import { commonType, valuesAs } from "../../../runtime/src/tables/common-type.ts";

const pairs = JSON.parse(readFileSync(new URL("../../../native-rs/crates/connectors/tests/common-types.json", import.meta.url), "utf8")) as [string, string, string][];

test.each(pairs)("%s beside %s is %s", (a, b, common) => {
  const [left, right] = [typeNamed(a), typeNamed(b)];
  const found = commonType(left, right);
  expect(found === undefined ? "" : printType(found)).toBe(common);
  expect(commonType(right, left) !== undefined).toBe(common !== "");
});

test("values", () => {
  const as = (values: unknown[], from: string, to: string): unknown => Array.from(valuesAs(values as never, parseType(from), parseType(to), "x"));
  expect(as([1, null, -2], "decimal128(9, 2)", "decimal128(12, 4)")).toEqual([100, null, -200]);
  expect(as([900719925474099], "decimal128(15, 0)", "decimal128(20, 2)")).toEqual([90071992547409900n]);
  expect(as([1, 15], "decimal128(9, 1)", "float64")).toEqual([0.1, 1.5]);
  expect(as([1, -1, null, 2 ** 40], "timestamp[s]", "timestamp[us, tz=UTC]")).toEqual([1e6, -1e6, null, 1099511627776000000n]);
  expect(as([1], "date32", "timestamp[ms]")).toEqual([86_400_000]);
  expect(as([[1, null], null], "list<timestamp[s]>", "list<timestamp[ms]>")).toEqual([[1000, null], null]);
  expect(as([["a", 1], null], "struct<s: string, x: date32>", "struct<x: timestamp[s], y: bool, s: string>")).toEqual([[86_400, null, "a"], null]);
  expect(() => as([2 ** 50], "timestamp[s]", "timestamp[us]")).toThrow("does not fit timestamp[us]");
  expect(() => as([18446744073709551615n], "uint64", "int64")).toThrow("does not fit int64");
  expect(() => as([9007199254740993n], "int64", "float64")).toThrow("past ±2^53");
});

/** Which of Snowflake's types are which of Arrow's, and back. */
import { expect, it } from "vitest";
import { columnOf, fitting, newType, remedyFor } from "../../runtime/src/connectors/snowflake/columns.ts";
import { nothing, parseType, printType } from "../../runtime/src/tables/arrow-type.ts";

const made: [string, string | undefined][] = [
  ["bool", "BOOLEAN"], ["int8", "NUMBER(38,0)"], ["uint64", "NUMBER(38,0)"], ["float32", "FLOAT"], ["float64", "FLOAT"], ["decimal128(12, 2)", "NUMBER(12,2)"], ["decimal128(38, 37)", "NUMBER(38,37)"], ["decimal128(38, 38)", undefined],
  ["string", "VARCHAR"], ["dictionary<values=string, indices=int32>", "VARCHAR"], ["binary", "BINARY"], ["date32", "DATE"], ["timestamp[s]", "TIMESTAMP_NTZ(0)"], ["timestamp[us]", "TIMESTAMP_NTZ(6)"], ["timestamp[ms, tz=UTC]", "TIMESTAMP_LTZ(3)"], ["timestamp[ns, tz=UTC]", "TIMESTAMP_LTZ(9)"],
];
it.each(made)("a new column of %s is %s, and takes it", (type, sql) => {
  expect(newType(parseType(type))).toBe(sql);
  if (sql !== undefined) expect(fitting(parseType(type), columnOf("X", sql))).toBeDefined();
});

const fits: [string, string, string | undefined][] = [
  ["int64", "NUMBER(38,0)", "int64"], ["int64", "NUMBER(19,0)", "int64"], ["int64", "NUMBER(18,0)", undefined], ["int32", "NUMBER(12,2)", "int64"], ["int32", "NUMBER(11,2)", undefined], ["uint32", "NUMBER(10,0)", "int64"], ["uint64", "NUMBER(20,0)", "decimal128(20, 0)"], ["uint64", "NUMBER(19,0)", undefined],
  ["decimal128(12, 2)", "NUMBER(12,2)", "decimal128(12, 2)"], ["decimal128(12, 2)", "NUMBER(13,3)", "decimal128(12, 2)"], ["decimal128(12, 3)", "NUMBER(12,2)", undefined], ["decimal128(12, 2)", "NUMBER(38,0)", undefined], ["float64", "NUMBER(38,10)", undefined],
  ["int32", "FLOAT", "float64"], ["int64", "FLOAT", undefined], ["float32", "FLOAT", "float64"], ["decimal128(5, 2)", "FLOAT", undefined],
  ["string", "VARCHAR(16777216)", "string"], ["string", "VARIANT", "string"], ["string", "ARRAY", "string"], ["int32", "VARCHAR(10)", undefined], ["string", "GEOGRAPHY", undefined], ["string", "VECTOR(FLOAT, 256)", undefined],
  ["timestamp[ms, tz=UTC]", "TIMESTAMP_NTZ(9)", "timestamp[ms]"], ["timestamp[s]", "TIMESTAMP_TZ(0)", "timestamp[ms, tz=UTC]"], ["timestamp[us]", "TIMESTAMP_NTZ(3)", undefined], ["timestamp[ns]", "TIMESTAMP_LTZ(9)", "timestamp[ns, tz=UTC]"], ["date32", "TIMESTAMP_NTZ(9)", undefined],
  ["timestamp[ms]", "DATE", undefined], ["date32", "DATE", "date32"], ["binary", "BINARY(8388608)", "binary"], ["bool", "BOOLEAN", "bool"], ["bool", "NUMBER(1,0)", undefined], ["date32", "TIME(9)", undefined],
];
it.each(fits)("%s into %s as %s", (type, sql, as) => {
  const found = fitting(parseType(type), columnOf("X", sql));
  expect(found && printType(found)).toBe(as);
});

it("nulls come into a column of any type that is written", () => {
  for (const sql of ["BOOLEAN", "NUMBER(5,2)", "FLOAT", "VARCHAR(3)", "OBJECT", "BINARY(4)", "DATE", "TIMESTAMP_TZ(9)"]) expect(fitting(nothing, columnOf("X", sql)), sql).toBeDefined();
});

it.each([
  ["float64", "NUMBER(38,0)", /"int64"/], ["float64", "NUMBER(12,2)", /"decimal128\(12, 2\)"/], ["int64", "FLOAT", /"float64"/], ["timestamp[ns]", "TIMESTAMP_NTZ(6)", /"timestamp\[us\]"/], ["timestamp[ms]", "DATE", /"date32"/], ["string", "NUMBER(5,0)", /derive\(\)/], ["string", "DATE", /derive\(\)/],
] as [string, string, RegExp][])("what is said of %s and %s", (type, sql, says) => {
  expect(remedyFor("x", parseType(type), columnOf("X", sql))).toMatch(says);
});

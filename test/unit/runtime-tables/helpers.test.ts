/** What the tests of the folder share keeps nothing for the next one. */
import { expect, it } from "vitest";
import { duckdb } from "./helpers.ts";

it("a question to DuckDB leaves neither its tables nor its settings to the next", async () => {
  const setting = "select current_setting('timezone') as zone";
  const before = await duckdb(setting);
  const own = ["create table kept as select 1 as a", "create temp table passing as select 2 as a", "set timezone = 'Asia/Kathmandu'"];
  expect(await duckdb(...own, "select kept.a + passing.a as a, current_setting('timezone') as zone from kept, passing")).toEqual([{ a: 3, zone: "Asia/Kathmandu" }]);
  for (const table of ["kept", "passing"]) await expect(duckdb(`from ${table}`)).rejects.toThrow("does not exist");
  expect(await duckdb(setting)).toEqual(before);
});

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readPostgres } from "@lockstep/runtime";
import { findTarget } from "../../../runtime/src/connectors/postgres/target.ts";
import { arrayOf, elementsOf } from "../../../runtime/src/connectors/postgres/array.ts";
import { takenOf, Wrong, type PostgresType } from "../../../runtime/src/connectors/postgres/types.ts";
import { printType } from "../../../runtime/src/tables/arrow-type.ts";
import { errorOf, scratch } from "./helpers.ts";

const folder = scratch();
const names = ["DATABASE_URL", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSSLMODE", "PGSERVICE", "PGSERVICEFILE", "PGPASSFILE"];
const before = { ...process.env };
beforeEach(() => names.forEach((name) => delete process.env[name]));
afterEach(() => names.forEach((name) => (before[name] === undefined ? delete process.env[name] : (process.env[name] = before[name]))));

const target = (url?: string) => {
  const { name, user, tls, password } = findTarget(url);
  return [name, user, tls, password()];
};

test("where a database is, by libpq's names", () => {
  Object.assign(process.env, { PGHOST: "db", PGUSER: "ann", PGPASSWORD: "a", PGDATABASE: "sales", PGPASSFILE: "/nonexistent" });
  expect(target()).toEqual(["postgres://db:5432/sales", "ann", "preferred", "a"]);
  expect(target("postgres://bob%40x@[::1]:5433/other?sslmode=verify-full")).toEqual(["postgres://::1:5433/other", "bob@x", "verified", "a"]);
  expect(target("postgresql://%2Frun%2Fpg/x?sslmode=disable")).toEqual(["postgres:///x (/run/pg)", "ann", "off", "a"]);
  process.env.DATABASE_URL = "postgres://eve:p%3Aq@elsewhere:1/x";
  expect(target()).toEqual(["postgres://elsewhere:1/x", "eve", "preferred", "p:q"]);
  // The password of another database is none of this one's.
  expect(target("postgres://db/sales")).toEqual(["postgres://db:5432/sales", "ann", "preferred", "a"]);
  expect(target("postgres://eve@elsewhere:1/y")[3]).toBe("p:q");
});

test("files of passwords and services", () => {
  const [pass, services] = [join(folder, "pgpass"), join(folder, "services")];
  writeFileSync(pass, "# comment\nother:5432:*:ann:no\ndb\\:x:5432:*:ann:sec\\:ret\\\\\n*:5433:sales:*:last\n");
  writeFileSync(services, "[a]\nhost=no\n[b]\nhost = db:x\nuser=ann\n# x=y\n");
  Object.assign(process.env, { PGPASSFILE: pass, PGSERVICEFILE: services, PGSERVICE: "b" });
  expect(target()).toEqual(["postgres://db:x:5432/ann", "ann", "preferred", "sec:ret\\"]);
  expect(target("postgres://h:5433/sales")[3]).toBe("last");
  expect(target("postgres://h/sales")[3]).toBeUndefined();
  process.env.PGSERVICE = "c";
  expect(() => findTarget(undefined)).toThrow("no file of services has [c]");
});

test("a password in the program is refused unprinted", async () => {
  for (const url of ["postgres://ann:planted@host/x", "postgres://host/x?password=planted", "postgres://ann:pla/planted@host/x", "mysql://ann:planted@host", "postgres://%planted"]) {
    const error = await errorOf(() => readPostgres("t", { url }));
    expect(["LS2015", "LS2016"]).toContain(error.code);
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain("planted");
  }
});

test("texts of PostgreSQL", () => {
  const read = (oid: number, text: string, modifier = -1) => {
    const value = takenOf({ name: "x", oid, modifier, printed: "", labels: false, element: undefined }, undefined, "t").parse!(text);
    return value instanceof Wrong ? value.what : value;
  };
  expect([read(20, "9007199254740993"), read(20, "-5"), read(700, "0.1"), read(701, "-Infinity"), read(16, "t")]).toEqual([9007199254740993n, -5, Math.fround(0.1), -Infinity, true]);
  expect([read(1082, "1970-01-02"), read(1082, "0001-01-01 BC"), read(1082, "5874897-12-31"), read(1082, "2000-02-29")]).toEqual([1, -719_528, 2_145_042_905, 11_016]);
  expect([read(1114, "1970-01-01 00:00:00.000001"), read(1184, "1969-12-31 23:59:59.5+00"), read(1184, "9999-12-31 23:59:59.999999+00")]).toEqual([1, -500_000, 253_402_300_799_999_999n]);
  expect([read(1700, "-0.05", (10 << 16) + 2 + 4), read(1700, "99900", (3 << 16) + (2048 - 2) + 4), read(1700, "0.00999", (3 << 16) + 5 + 4)]).toEqual([-5, 99_900, 999]);
  expect([read(1082, "-infinity"), read(1114, "infinity"), read(1700, "NaN", (10 << 16) + 2 + 4), read(1114, "294276-12-31 00:00:00")]).toEqual([
    "infinity, which is no day", "infinity, which is no time", "NaN, which is no decimal", "a time past the year 294246, the last that microseconds since 1970 reach",
  ]);
});

test("arrays are seen as their elements", () => {
  const of = (oid: number, said?: PostgresType) => {
    const element = { oid, modifier: -1, printed: "", labels: false };
    const { type, view, cast, parse } = takenOf({ name: "x", oid: 1, modifier: -1, printed: "an array", labels: false, element }, said, "t");
    return [printType(type), view, cast, parse !== undefined];
  };
  expect([of(23), of(23, "bigint[]"), of(23, "string[]"), of(23, "string"), of(1184)]).toEqual([
    ["list<int32>", "number[]", undefined, true], ["list<int32>", "bigint[]", undefined, true], ["list<string>", "string[]", "text[]", true], ["string", "string", "text", true], ["list<timestamp[us, tz=UTC]>", "date[]", undefined, true],
  ]);
  expect([of(1700), of(1700, "number[]"), of(1186), of(1186, "string[]"), of(1083)]).toEqual([
    ["an array", "none", undefined, false], ["list<float64>", "number[]", "float8[]", true], ["an array", "none", undefined, false], ["list<string>", "string[]", "text[]", true], ["list<time64[us]>", "string[]", undefined, true],
  ]);
  for (const said of ["number", "date[]"] as const) expect(() => of(23, said)).toThrow(`types: column x of t is an array, which cannot be seen as ${said}`);
});

test("texts of arrays", () => {
  expect(elementsOf('{1,NULL,"NULL","a,b","{x}","\\"q\\"","\\\\",""}')).toEqual(["1", null, "NULL", "a,b", "{x}", '"q"', "\\", ""]);
  expect([elementsOf("{}"), elementsOf("[0:1]={a,b}"), elementsOf('[-3:-3]={"[1:1]={"}')]).toEqual([[], ["a", "b"], ["[1:1]={"]]);
  for (const several of ["{{1,2},{3,4}}", "[0:0][3:4]={{1,2}}", "{{{1}}}"]) expect(elementsOf(several)).toBe("an array of several dimensions");
  // Whatever stands there, something is said of it.
  for (const wrong of ["", "1", "{", "}", "[1:1]", "{1", "1}", "{,}", "{1,}", "{,1}", '{"a}', '{"a"b}', '{"a\\"}', '{"a\\']) expect(elementsOf(wrong), wrong).toBe("a text that is no array");
  const element = fc.option(fc.oneof(fc.string(), fc.constantFrom("NULL", "null", "nUlL", "", " ", "{", "}", ",", '"', "\\", "-1.5e+3", "é😀", "\n\t", "\u00a0")), { nil: null });
  fc.assert(fc.property(fc.array(element), (elements) => isDeepStrictEqual(elementsOf(arrayOf(elements)), elements)));
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."{},\"\\a=[") }), (text) => void elementsOf(text)));
});

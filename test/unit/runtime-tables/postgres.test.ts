import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readPostgres } from "@lockstep/runtime";
import { findTarget } from "../../../runtime/src/connectors/postgres/target.ts";
import { takenOf, Wrong } from "../../../runtime/src/connectors/postgres/types.ts";
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
    const value = takenOf({ name: "x", oid, modifier, printed: "", labels: false }, undefined, "t").parse!(text);
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

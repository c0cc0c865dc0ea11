import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readCsv, readParquet, table, type ReadCsvOptions } from "@lockstep/runtime";
import { duckdb, errorOf, scratch } from "./helpers.ts";

const folder = scratch();
let files = 0;
function write(text: string | Uint8Array): string {
  const path = join(folder, `${files++}.csv`);
  writeFileSync(path, text);
  return path;
}
type Any = Record<string, string | number | boolean | Date | null>;
const rowsOf = async (text: string, options: ReadCsvOptions<Any> = {}) => (await readCsv<Any>(write(text), options)).objects();
const valuesOf = async (...lines: string[]) => (await readCsv<{ x: string | number | boolean | Date | null }>(write(["x,y", ...lines.map((l) => `${l},1`)].join("\n")))).array("x");

test("columns are what all their values are", async () => {
  expect(await valuesOf("true", "false", "")).toEqual([true, false, null]);
  expect(await valuesOf("true", "False")).toEqual(["true", "False"]);
  expect(await valuesOf("0", "-1.5", "2e3", "", "0.10")).toEqual([0, -1.5, 2000, null, 0.1]);
  for (const text of ["01", "+1", ".5", "1.", "1,5", " 1", "1 ", "0x10", "+Infinity", "nan", "toString", "1_000", "-", "1e", "--1"]) {
    const quoted = text.includes(",") ? `"${text}"` : text;
    expect(await valuesOf("1", quoted)).toEqual(["1", text]);
  }
  expect(await valuesOf("2024-02-29", "2024-01-31T12:00:00", "2024-01-31T12:00:00.500", "2024-01-31T12:00:00.123Z")).toEqual(
    [Date.UTC(2024, 1, 29), Date.UTC(2024, 0, 31, 12), Date.UTC(2024, 0, 31, 12, 0, 0, 500), Date.UTC(2024, 0, 31, 12, 0, 0, 123)].map((ms) => new Date(ms)),
  );
  for (const text of ["2023-02-29", "2024-13-01", "2024-1-1", "2024-01-31T24:00:00", "2024-01-31 12:00:00", "2024-01-31T12:00:00+02:00", "2024-01-31T12:00", "2024-01-31T12:00:00.5", "2024-01-31Z"]) {
    expect(await valuesOf("2024-01-01", text)).toEqual(["2024-01-01", text]);
  }
  expect(await valuesOf("", "")).toEqual([null, null]);
  expect(await valuesOf("0050-03-01")).toEqual([new Date("0050-03-01")]);
});

test("quotes, line breaks, BOM, blank lines, a last line without a break", async () => {
  expect(await rowsOf('\uFEFFa,"b ""c""",d\r\n"x, y","line 1\nline 2",""\r\n\r\n,"",z')).toEqual([
    { a: "x, y", 'b "c"': "line 1\nline 2", d: "" },
    { a: null, 'b "c"': "", d: "z" },
  ]);
  expect(await rowsOf("a;b\n1;\"2\"\n", { delimiter: ";" })).toEqual([{ a: 1, b: 2 }]);
  expect(await rowsOf("1,x\n2,y\n", { header: false })).toEqual([{ col1: 1, col2: "x" }, { col1: 2, col2: "y" }]);
  expect(await rowsOf('a\n"\r\n"\n')).toEqual([{ a: "\r\n" }]);
  expect(await rowsOf("\n\na\n1\n\n2\n")).toEqual([{ a: 1 }, { a: null }, { a: 2 }]);
  expect(await rowsOf('a,b\n5" pipe,x"y"z\ra\r')).toEqual([{ a: '5" pipe', b: 'x"y"z\ra' }]);
});

test("texts that are null", async () => {
  const text = 'n,s\n1,NA\n"2","NA"\nNA,""\n"NA",\n5,x\n';
  expect(await rowsOf(text, { nulls: ["NA"] })).toEqual([{ n: 1, s: null }, { n: 2, s: null }, { n: null, s: "" }, { n: null, s: "" }, { n: 5, s: "x" }]);
  expect(await rowsOf(text, { nulls: ["NA", ""] })).toEqual([{ n: 1, s: null }, { n: 2, s: null }, { n: null, s: null }, { n: null, s: null }, { n: 5, s: "x" }]);
  expect(await rowsOf(text, { nulls: [] })).toEqual([{ n: "1", s: "NA" }, { n: "2", s: "NA" }, { n: "NA", s: "" }, { n: "NA", s: "" }, { n: "5", s: "x" }]);
  expect((await errorOf(() => rowsOf(text, { nulls: "NA" as never }))).message).toContain("nulls takes a list of strings");
});

test("types in place of the inferred ones", async () => {
  expect(await rowsOf("zip,n,d,b\n12345,1,2024-01-01,true\n", { types: { zip: "string", n: "bigint", b: "string" } as never })).toEqual([
    { zip: "12345", n: 1n, d: new Date("2024-01-01"), b: "true" },
  ]);
  const error = await errorOf(() => rowsOf("a,b\n1,x\n\n2,y\n3x,z\n", { types: { a: "number" } }));
  expect([error.code, error.message]).toEqual(["LS2006", `${join(folder, `${files - 1}.csv`)}, line 5: column a has "3x", which is not a number`]);
  expect(await rowsOf("a\n1\nNaN\n-Infinity\n")).toEqual([{ a: 1 }, { a: NaN }, { a: -Infinity }]);
  expect((await errorOf(() => rowsOf("a\n01\n", { types: { a: "bigint" } as never }))).code).toBe("LS2006");
  expect((await errorOf(() => rowsOf("a\n1\n", { types: { b: "number" } }))).code).toBe("LS2002");
  expect((await errorOf(() => rowsOf("a\n9223372036854775808\n", { types: { a: "bigint" } as never }))).code).toBe("LS2006");
  for (const types of [undefined, { a: "number" as const }]) {
    const lost = await errorOf(() => rowsOf("a\n9007199254740992\n9007199254740993\n", { types }));
    expect([lost.code, lost.message]).toEqual(["LS2004", `${join(folder, `${files - 1}.csv`)}, line 3: column a has "9007199254740993", an integer past ±2^53 that a number cannot hold exactly`]);
  }
  expect(await rowsOf("a\n9007199254740993\n", { types: { a: "bigint" } as never })).toEqual([{ a: 9007199254740993n }]);
  // As JavaScript prints them, and where the value is the very one.
  expect(await rowsOf("a\n123456789012345680000\n9223372036854775808\n")).toEqual([{ a: 123456789012345680000 }, { a: 2 ** 63 }]);
});

test("bad lines are named by number", async () => {
  const bad = async (text: string) => (await errorOf(() => rowsOf(text))).message.replace(/^.*csv, /, "");
  expect(await bad('a,b\n1,2\n"x\ny",2\n1,2,3\n')).toBe("line 5: 3 fields, the header has 2");
  expect(await bad("a,b\n1\n")).toBe("line 2: 1 fields, the header has 2");
  expect(await bad('a,b\n1,"2\n3\n')).toBe("line 2: a quoted field begins here and never ends");
  expect(await bad('a,b\n"1"x,2\n')).toBe("line 2: a closing quote is followed by text: double the quotes inside a quoted field");
  expect(await bad("a,a\n1,2\n")).toBe('line 1: the column "a" appears twice');
  expect((await errorOf(() => rowsOf(""))).message).toContain("is empty");
  expect((await errorOf(() => rowsOf("a\n", { delimiter: "--" }))).code).toBe("LS2016");
});

test("several files of one header", async () => {
  const [a, b, other] = [write("x,y\n1,a\n"), write("x,y\nz,b\n"), write("y,x\n1,2\n")];
  expect((await readCsv<{ x: string }>([a, b])).array("x")).toEqual(["1", "z"]);
  expect((await errorOf(() => readCsv([a, other]))).code).toBe("LS2002");
});

test("what is written is read back, by us and by DuckDB", async () => {
  const t = table({
    n: [0.1, -0, 1e21, null, NaN, 123456789012],
    s: ["plain", "", null, 'say "hi", twice', "two\nlines", "  space "],
    b: [true, false, null, true, false, true],
    d: [new Date(0), new Date(1_700_000_000_123), null, new Date(-1), new Date(1), new Date(2)],
  });
  const out = join(folder, "out");
  await t.writeCsv(out);
  expect(await readFile(join(out, "part-00000.csv"), "utf8")).toBe(
    [
      "n,s,b,d",
      "0.1,plain,true,1970-01-01T00:00:00.000Z",
      '0,"",false,2023-11-14T22:13:20.123Z',
      "1e+21,,,",
      ',"say ""hi"", twice",true,1969-12-31T23:59:59.999Z',
      'NaN,"two\nlines",false,1970-01-01T00:00:00.001Z',
      "123456789012,  space ,true,1970-01-01T00:00:00.002Z\n",
    ].join("\n"),
  );
  const back = await readCsv<{ s: string | null; b: boolean | null; d: Date | null }>(out);
  for (const name of ["s", "b", "d"] as const) expect(back.array(name)).toEqual(t.array(name));
  expect(await duckdb(`select count(*) as n, count(s) as s, count(d) as d from read_csv('${out}/*.csv', allow_quoted_nulls = false)`)).toEqual([{ n: 6n, s: 5n, d: 5n }]);
  await t.select("s", "b").writeCsv(out, { mode: "overwrite", delimiter: "\t", header: false });
  expect((await readFile(join(out, "part-00000.csv"), "utf8")).split("\n").slice(0, 2)).toEqual(["plain\ttrue", '""\tfalse']);
});

test("columns that JavaScript never looks at are printed with all digits that CSV has for them", async () => {
  const source = join(folder, "digits.parquet");
  await duckdb(`copy (select 9007199254740993 as id, 12345678901234567890.12::decimal(30, 2) as big, -0.05::decimal(9, 2) as cents, date '2024-02-29' as day,
    make_timestamp(1709164799999999) as us, make_timestamp(-1) as before, make_timestamp_ns(1709164800000000000) as ns, 0.1::float as f) to '${source}' (format parquet)`);
  const out = join(folder, "digits");
  await (await readParquet(source)).writeCsv(out, { header: false });
  expect(await readFile(join(out, "part-00000.csv"), "utf8")).toBe(
    "9007199254740993,12345678901234567890.12,-0.05,2024-02-29,2024-02-28T23:59:59.999Z,1969-12-31T23:59:59.999Z,2024-02-29T00:00:00.000Z,0.10000000149011612\n",
  );
});

test("files of other formats are named", async () => {
  const read = async (bytes: string) => {
    const path = write("");
    writeFileSync(path, bytes, "latin1");
    return readCsv(path);
  };
  for (const [bytes, what] of [["PAR1\x15\x04", "Parquet"], ["\x1f\x8b\x08\0", "gzip"], ["PK\x03\x04", "ZIP"], ["\xff\xfea\0\n\0", "UTF-16"]] as const) {
    expect(await errorOf(() => read(bytes))).toMatchObject({ code: "LS2018", message: expect.stringContaining(what) });
  }
  expect((await read("PAR1,b\n1,2\n")).objects()).toEqual([{ PAR1: 1, b: 2 }]);
});

test("years of six digits are read as they are written", async () => {
  const t = [new Date("+010000-01-01"), new Date("-000001-12-31T23:59:59.999Z"), new Date(8.64e15)];
  const out = join(folder, "far-dates");
  await table({ t }).writeCsv(out);
  expect((await readCsv<{ t: Date }>(out)).array("t")).toEqual(t);
  expect(await rowsOf("t\n-000000-01-01\n")).toEqual([{ t: "-000000-01-01" }]);
  expect(await rowsOf("t\n+275760-09-13T00:00:00.001Z\n")).toEqual([{ t: "+275760-09-13T00:00:00.001Z" }]);
});

test("what is no file is not waited for", async () => {
  expect(await errorOf(() => readCsv("/dev/null"))).toMatchObject({ code: "LS2001", message: "/dev/null is neither a file nor a folder" });
});

test("any strings survive a round trip", async () => {
  const text = fc.option(fc.string({ unit: "grapheme" }).map((s) => s.replaceAll("\r", "\n")), { nil: null });
  const rows = fc.array(fc.record({ a: text, b: text }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const t = table({ k: given.map((_, i) => i), a: given.map((r) => r.a), b: given.map((r) => r.b) });
      const out = join(folder, "trip");
      await t.writeCsv(out, { mode: "overwrite" });
      const back = await readCsv<{ a: string | null; b: string | null }>(out, { types: { a: "string", b: "string" } });
      expect([back.array("a"), back.array("b")]).toEqual([t.array("a"), t.array("b")]);
    }),
    { numRuns: 60 },
  );
});

import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { readJsonLines, readParquet, table, type ReadJsonLinesOptions } from "@lockstep/runtime";
import { duckdb, errorOf, scratch } from "./helpers.ts";

const folder = scratch();
let files = 0;
function write(text: string | Uint8Array, ending = "jsonl"): string {
  const path = join(folder, `${files++}.${ending}`);
  writeFileSync(path, text);
  return path;
}
type Any = Record<string, string | number | boolean | bigint | Date | null>;
const read = (text: string | Uint8Array, options: ReadJsonLinesOptions<Any> = {}) => readJsonLines<Any>(write(text), options);
const rowsOf = async (text: string | Uint8Array, options: ReadJsonLinesOptions<Any> = {}) => (await read(text, options)).objects();

test("columns are all keys, and what all their values are", async () => {
  expect(await rowsOf('\uFEFF{"n":1,"s":"a\\n","ok":true,"no":null}\r\n \t\r\n{"s":"\\ud83d\\ude00\\ud800","n":-2.5e3,"2":1,"1":-0}\n\n{"n":5,"n":1e400}')).toEqual([
    { n: 1, s: "a\n", ok: true, no: null, "1": null, "2": null },
    { n: -2500, s: "😀\uFFFD", ok: null, no: null, "1": -0, "2": 1 },
    { n: Infinity, s: null, ok: null, no: null, "1": null, "2": null },
  ]);
  const table = await read('{"__proto__":1,"constructor":"x","":true}\n{"\\u0061":1}\n');
  expect(table.columnNames()).toEqual(["__proto__", "constructor", "", "a"]);
  expect(table.array("__proto__" as never)).toEqual([1, null]);
  expect(await rowsOf('{"at":"2024-01-31","zip":"01234"}')).toEqual([{ at: "2024-01-31", zip: "01234" }]);
  expect((await errorOf(() => rowsOf(Uint8Array.from([...Buffer.from('{"a":"'), 0xe2, 0x80, ...Buffer.from('"}')])))).message).toMatch(/line 1: the line is not UTF-8$/);
});

test("values of several types, lists of such and empty objects are there, and cannot be looked at", async () => {
  const table = await read('{"id":1,"any":1,"list":[[1,"a"]]}\n{"id":2,"any":"x","list":null}\n{"id":3,"of":{}}\n');
  expect([table.numRows(), table.columnNames(), table.array("id")]).toEqual([3, ["id", "any", "list", "of"], [1, 2, 3]]);
  const path = join(folder, `${files - 1}.jsonl`);
  const error = await errorOf(() => table.array("any"));
  expect([error.code, error.message]).toEqual(["LS2015", `the column "any" of ${path} is float64 (line 1) | string (line 2): it cannot be looked at`]);
  const list = await errorOf(() => table.filter((d) => d.list === null));
  expect([list.message, list.fix]).toEqual([expect.stringContaining("is list (line 1): it"), expect.stringContaining("No one type fits list[][]:")]);
  const inner = await read('{"id":1,"of":{"same":[1],"stops":[{"n":1}]}}\n{"id":2,"of":{"stops":[{"n":1},{"n":"two"}]}}\n');
  expect((await errorOf(() => inner.array("of"))).fix).toContain("No one type fits of.stops[].n:");
  expect((await errorOf(() => table.select("of").writeCsv(join(folder, "out")))).code).toBe("LS2015");
  expect((await errorOf(() => table.dedupe("any"))).code).toBe("LS2015");
  expect(table.select("id").objects()).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
});

test("lists of one type are columns of arrays", async () => {
  const table = await read('{"tags":["a",null],"n":[1,-0],"ok":[],"none":[]}\n{"tags":[],"n":null,"ok":[true],"none":[null]}\n{}\n');
  expect(table.objects()).toEqual([
    { tags: ["a", null], n: [1, -0], ok: [], none: [] },
    { tags: [], n: null, ok: [true], none: [null] },
    { tags: null, n: null, ok: null, none: null },
  ]);
  expect((await errorOf(async () => (await read('{"x":[1]}\n{"x":["a"]}\n')).array("x"))).message).toContain("is list<float64> (line 1) | list<string> (line 2): it");
  expect(await rowsOf('{"ids":[1,9007199254740993],"at":["2024-01-31",null]}', { types: { ids: "bigint[]", at: "date[]" } })).toEqual([{ ids: [1n, 9007199254740993n], at: [new Date("2024-01-31"), null] }]);
  for (const [text, types, code] of [['{"x":[1,"a"]}', { x: "number[]" }, "LS2006"], ['{"x":1}', { x: "number[]" }, "LS2006"], ['{"x":[1.5]}', { x: "bigint[]" }, "LS2006"], ['{"x":[9007199254740993]}', {}, "LS2004"]] as const) {
    expect([text, (await errorOf(() => rowsOf(text, { types }))).code]).toEqual([text, code]);
  }
});

test("types say what values alone do not", async () => {
  const options = { types: { at: "date", id: "bigint", none: "boolean" } } as const;
  expect(await rowsOf('{"at":"2024-01-31","id":9007199254740993}\n{"at":"\\u0032024-02-01T12:00:00.5Z"}'.replace(".5Z", ".500Z"), options)).toEqual([
    { at: new Date("2024-01-31"), id: 9007199254740993n, none: null },
    { at: new Date("2024-02-01T12:00:00.500Z"), id: null, none: null },
  ]);
  expect((await read("", options)).columnNames()).toEqual(["at", "id", "none"]);
  expect(await rowsOf('{"id":-0}\n{"id":12}', { types: { id: "bigint" } })).toEqual([{ id: 0n }, { id: 12n }]);
  for (const [text, shown] of [['{"at":1}', "1"], ['{"at":"today"}', "today"], ['{"id":1.0}', "1.0"], ['{"id":"1"}', "1"], ['{"id":9223372036854775808}', "9223372036854775808"], ['{"none":[1]}', "[1]"]] as const) {
    const error = await errorOf(() => rowsOf(`\n${text}`, options));
    expect([error.code, error.message.replace(/^.*jsonl, /, "")]).toEqual(["LS2006", expect.stringMatching(new RegExp(`^line 2: column \\w+ has "${shown.replace(/[[\].]/g, "\\$&")}", which is not`))]);
  }
});

test("an integer that a number cannot hold, where it is looked at", async () => {
  const text = '{"id":9007199254740992,"n":1}\n\n{"id":-9007199254740993,"n":2}\n';
  const table = await read(text);
  expect(table.array("n")).toEqual([1, 2]);
  const error = await errorOf(() => table.array("id"));
  expect([error.code, error.message.replace(/^.*jsonl, /, "")]).toEqual(["LS2004", 'line 3: column id has "-9007199254740993", an integer past ±2^53 that a number cannot hold exactly']);
  expect(await rowsOf(text, { types: { id: "bigint" } })).toEqual([{ id: 9007199254740992n, n: 1 }, { id: -9007199254740993n, n: 2 }]);
  expect(await rowsOf('{"id":123456789012345680000}\n{"id":9223372036854775808}')).toEqual([{ id: 123456789012345680000 }, { id: 2 ** 63 }]);
});

test("bad lines are named by number, other formats by name", async () => {
  const bad = async (text: string) => {
    const error = await errorOf(() => rowsOf(text));
    return [error.code, error.message.replace(/^.*jsonl(, | is )/, "")];
  };
  expect(await bad('{"a":1}\n\n[1]')).toEqual(["LS2006", "line 3: a list, where an object is expected"]);
  expect(await bad('{"a":NaN}')).toEqual(["LS2006", expect.stringContaining("line 1: no JSON: Unexpected token 'N'")]);
  expect(await bad('{"a":1}\n{"a":')).toEqual(["LS2006", "line 2: no JSON: Unexpected end of JSON input"]);
  expect(await bad("12345678901234567890")).toEqual(["LS2006", "line 1: a number, where an object is expected"]);
  expect(await bad('[{"a":1}]')).toEqual(["LS2018", expect.stringContaining("jq -c '.[]'")]);
  expect(await bad('\uFEFF{\r\n"a": 1}')).toEqual(["LS2018", expect.stringContaining("jq -c .")]);
  expect(await bad("PAR1\x15\x04")).toEqual(["LS2018", "no JSON Lines file; it is Parquet, which readParquet reads"]);
  expect((await errorOf(() => rowsOf("{}", { delimiter: ";" } as never))).code).toBe("LS2016");
});

test("several files, each with columns of its own", async () => {
  const paths = [write('{"x":1}'), write('{"y":"b","x":true}', "ndjson"), write("", "json")];
  const table = await readJsonLines<Any>(paths);
  expect([table.columnNames(), table.array("y")]).toEqual([["x", "y"], [null, "b"]]);
  expect((await errorOf(() => table.array("x"))).message).toContain(`float64 (line 1) | bool (line 1 of ${paths[1]})`);
});

test("what is written is what JSON.stringify prints, and read back by us and by DuckDB", async () => {
  const rows = [
    { n: 0.1, s: "plain", b: true, d: new Date(0), 'odd "key"': 1n },
    { n: -0, s: "", b: false, d: new Date(1_700_000_000_123), 'odd "key"': 9007199254740993n },
    { n: 1e21, s: null, b: null, d: null, 'odd "key"': null },
    { n: NaN, s: 'say "hi"\\\n\u0001\u2028😀', b: true, d: new Date(-1), 'odd "key"': -1n },
    { n: -Infinity, s: "x", b: true, d: new Date(8.64e15), 'odd "key"': 2n ** 63n - 1n },
  ];
  const t = table({ n: rows.map(({ n }) => n), s: rows.map(({ s }) => s), b: rows.map(({ b }) => b), d: rows.map(({ d }) => d), 'odd "key"': rows.map((row) => row['odd "key"']) });
  const out = join(folder, "out");
  await t.writeJsonLines(out);
  const lines = rows.map((row) => JSON.stringify(row, (_, value: unknown) => (typeof value === "bigint" ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value)) : value)));
  expect(await readFile(join(out, "part-00000.jsonl"), "utf8")).toBe(`${lines.join("\n")}\n`);
  const back = await readJsonLines<Any>(out, { types: { d: "date", 'odd "key"': "bigint" } });
  for (const name of ["s", "b", "d", 'odd "key"'] as const) expect(back.array(name)).toEqual(t.array(name));
  expect(back.array("n")).toEqual([0.1, 0, 1e21, null, null]);
  expect(await duckdb(`select count(*) as n, count(s) as s, max(n) as most, max("odd ""key""") as far from read_json('${out}/*.jsonl', format = 'newline_delimited')`)).toEqual([{ n: 5n, s: 4n, most: 1e21, far: 2n ** 63n - 1n }]);
  expect((await errorOf(() => t.writeJsonLines(out))).code).toBe("LS2007");
  await t.select("b").slice(0, 1).writeJsonLines(out, { mode: "overwrite" });
  expect(await readFile(join(out, "part-00000.jsonl"), "utf8")).toBe('{"b":true}\n');
  expect((await errorOf(() => t.writeJsonLines(join(out, "inside")))).message).toContain("lies in the output");
});

test("columns that JavaScript never looks at are written with all their digits", async () => {
  const source = join(folder, "digits.parquet");
  await duckdb(`copy (select 18446744073709551615::ubigint as id, 12345678901234567890.12::decimal(30, 2) as big, -0.05::decimal(9, 2) as cents, date '2024-02-29' as day, make_timestamp(-1) as before, 0.1::float as f) to '${source}' (format parquet)`);
  const out = join(folder, "digits");
  await (await readParquet(source)).writeJsonLines(out);
  expect(await readFile(join(out, "part-00000.jsonl"), "utf8")).toBe(
    '{"id":18446744073709551615,"big":12345678901234567890.12,"cents":-0.05,"day":"2024-02-29","before":"1969-12-31T23:59:59.999Z","f":0.10000000149011612}\n',
  );
});

test("any strings survive a round trip", async () => {
  const text = fc.option(fc.string({ unit: "binary" }), { nil: null });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ a: text, b: text }), { minLength: 1, maxLength: 20 }), async (given) => {
      const t = table({ k: given.map((_, i) => i), a: given.map(({ a }) => a), b: given.map(({ b }) => b) });
      await t.writeJsonLines(join(folder, "trip"), { mode: "overwrite" });
      const back = await readJsonLines<Any>(join(folder, "trip"), { types: { a: "string", b: "string" } });
      expect([back.array("a"), back.array("b")]).toEqual([t.array("a"), t.array("b")]);
    }),
    { numRuns: 60 },
  );
});

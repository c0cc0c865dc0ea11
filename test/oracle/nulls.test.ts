/** `nulls` of readCsv: which texts of cells are null, untransformed and on 1, 2, 3 and 7 ranks, as DuckDB reads them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { withDuckDb } from "../duckdb.ts";
import { Executions } from "../executions.ts";
import * as programs from "./nulls/programs.ts";

const executions = new Executions(programs, "test/oracle/nulls/programs.ts");
beforeAll(() => executions.open(), 60_000);
afterAll(() => executions.close());

let files = 0;
function file(text: string): string {
  const path = join(executions.scratch, `${files++}.csv`);
  writeFileSync(path, text);
  return path;
}

/** The answer, which is the same of all executions. */
async function everywhere(name: keyof typeof programs, ...args: unknown[]): Promise<unknown> {
  const plain = await executions.value(executions.plain(name, args));
  for (const ranks of [1, 2, 3, 7]) expect(await executions.value(executions.onRanks(ranks, name, args)), `on ${ranks}`).toEqual(plain);
  return plain;
}

/** All its columns; of `nulls`, in quotes or not, as DuckDB does unless it is told not to. */
const byDuckDb = (path: string, nulls: readonly string[]): Promise<unknown[]> =>
  withDuckDb(async (connection) => {
    const list = nulls.map((text) => `'${text.replaceAll("'", "''")}'`).join(", ");
    const found = await connection.runAndReadAll(`select * from read_csv('${path}', header = true, nullstr = [${list}], delim = ',', quote = '"', escape = '"', columns = {id: 'bigint', n: 'double', s: 'varchar', "at": 'timestamp'})`);
    return found.getRowObjectsJS().map((row) => ({ ...row, id: Number(row.id) }));
  });

const some = 'id,n,s,at\n1,1.5,a,2024-01-01\n2,NA,NA,NA\n3,"NA","NA","NA"\n4,"2",na,2024-01-04\n5,,,\n6,"","",""\n7,-1, NA,2024-01-07\n8,3,"say ""no""",NA\n9,4,"x, y",NA\n';

it("by default the empty text without quotes, and no other", async () => {
  expect(await everywhere("cells", file('id,n,s,at\n1,1,NA,\n2,,"",2024-01-01\n'))).toEqual([
    { id: 1, n: 1, s: "NA", at: null },
    { id: 2, n: null, s: "", at: new Date("2024-01-01") },
  ]);
});

it.each([[["NA", ""]], [["NA", "", " NA"]], [["", "NA", "a", "1.5", "-1"]]])("those of %j, as DuckDB says", async (nulls) => {
  const path = file(some);
  const found = (await everywhere("cells", path, nulls)) as { s: unknown }[];
  expect(found).toEqual(await byDuckDb(path, nulls));
  expect(found[2]).toMatchObject({ n: null, s: null, at: null });
  expect(found[3]).toMatchObject({ n: 2, s: "na" });
});

it("texts with a quote or the delimiter in them, which DuckDB does not take", async () => {
  const found = (await everywhere("cells", file(some), ["NA", "", 'say "no"', "x, y"])) as { s: unknown }[];
  expect(found.map(({ s }) => s)).toEqual(["a", null, null, "na", null, null, " NA", null, null]);
});

it("an empty text that is not among them is a text, and no number", async () => {
  expect(await everywhere("texts", file('a,b\nNA,1\n"NA",2\n,3\n"",4\nx,5\n'), ["NA"])).toMatchObject([{ a: null }, { a: null }, { a: "" }, { a: "" }, { a: "x" }]);
  const path = file("id,n\n1,NA\n2,\n");
  expect(await everywhere("refused", path, ["NA"])).toEqual(["LS2006", `${path}, line 3: column n has "", which is not a number`, expect.stringMatching(/Where it stands for no value, `nulls: \["NA", ""\]` names such texts\.$/)]);
  expect(await everywhere("refused", path, ["NA", ""])).toEqual([{ sum: null }]);
  expect(await everywhere("skipped", path, ["NA"])).toEqual([{ id: 1, n: null }]);
});

it("none of an empty list", async () => {
  expect(await everywhere("texts", file('a\nNA\n""\n\nx\n'), [])).toEqual([{ a: "NA" }, { a: "" }, { a: "" }, { a: "x" }]);
});

it("names of columns are not among them; a file of one column, of nulls alone, of no rows", async () => {
  expect(await everywhere("texts", file("a\nNA\n\n"), ["a", "NA", ""])).toEqual([{ a: null }, { a: null }]);
  expect(await everywhere("texts", file("a\n"), ["NA"])).toEqual([]);
  expect(await everywhere("unnamed", file('-1;x\n9007199254740993;?\n"-1";"?"\n;-1\n'.replace(";-1\n", "7;-1\n")))).toEqual([
    { col1: null, col2: "x" }, { col1: 9007199254740993n, col2: null }, { col1: null, col2: null }, { col1: 7n, col2: null },
  ]);
});

it("the same in a file of several groups, whose later ones are nulls alone", async () => {
  const row = (id: number): string => `${id},${id > 60_000 ? '"NA"' : id % 7 === 0 ? "NA" : id % 11 === 0 ? "" : id / 4},${id % 5 === 0 ? "NA" : `s${id % 3}`},${id % 13 === 0 ? "2024-01-02" : "NA"}\n`;
  const path = file(`id,n,s,at\n${Array.from({ length: 120_000 }, (_, id) => row(id)).join("")}`);
  const found = (await everywhere("groups", path)) as unknown[];
  const expected = await withDuckDb(async (connection) =>
    (await connection.runAndReadAll(`select s, count(*)::int as "rows", count(n)::int as "valid", sum(n) as "sum", max("at") as "last" from read_csv('${path}', header = true, nullstr = ['NA', ''], delim = ',', quote = '"', escape = '"', columns = {id: 'bigint', n: 'double', s: 'varchar', "at": 'timestamp'}) where s is distinct from 'x' group by s order by s nulls first`)).getRowObjectsJS(),
  );
  expect(found).toEqual(expected);
  expect(found).toHaveLength(4);
});

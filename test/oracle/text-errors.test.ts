/** What readers of text say of a file that is not what the program expects: code, message and how to mend it, untransformed and on 1, 2, 3 and 7 ranks. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Executions } from "../executions.ts";
import * as programs from "./text-errors/programs.ts";

const executions = new Executions(programs, "test/oracle/text-errors/programs.ts");
beforeAll(() => executions.open(), 60_000);
afterAll(() => executions.close());

let files = 0;
function file(bytes: string | Uint8Array, ending = "csv"): string {
  const path = join(executions.scratch, `${files++}.${ending}`);
  writeFileSync(path, bytes);
  return path;
}

type Name = keyof typeof programs;
const ranks = [1, 2, 3, 7];
const onAll = async (name: Name, ...args: unknown[]): Promise<unknown[]> => {
  const found = [];
  for (const n of ranks) found.push(await executions.value(executions.onRanks(n, name, args)));
  return found;
};
const plain = (name: Name, ...args: unknown[]): Promise<unknown> => executions.value(executions.plain(name, args));

/** The same of all executions. */
async function everywhere(name: Name, args: readonly unknown[], expected: unknown): Promise<void> {
  expect(await plain(name, ...args), "plain Node").toEqual(expected);
  expect(await onAll(name, ...args), "on ranks").toEqual(ranks.map(() => expected));
}

const rows = [{ customer: "a", twice: 2 }, { customer: "b", twice: 4 }];
const said = (code: string, message: string | RegExp, fix: string | RegExp): unknown => [code, typeof message === "string" ? message : expect.stringMatching(message), typeof fix === "string" ? fix : expect.stringMatching(fix)];
const latin = (text: string): Buffer => Buffer.from(text, "latin1");
const many = (from: number): string => Array.from({ length: 60_000 }, (_, n) => `c${n},${from + n}\n`).join("");

describe("CSV", () => {
  it("may have a column with integers that no number holds, where nobody looks at it", async () => {
    const path = file("customer,Order ID,amount\na,9007199254740993,1\nb,2,2\n");
    await everywhere("orders", [path], rows);
    await everywhere("numbered", [path], said("LS2004", `${path}, line 2: column Order ID has "9007199254740993", an integer past ±2^53 that a number cannot hold exactly`, /types: \{ "Order ID": "bigint" \}` in the reader and `"Order ID": bigint/));
  });

  it.each([[";", '";"'], ["\t", '"\\t"'], ["|", '"|"']])("divided by %o says so", async (delimiter, written) => {
    const path = file(["customer,amount", "a,1", "b,2", ""].join("\n").replaceAll(",", delimiter));
    const fix = `Say what stands between its fields: \`delimiter: ${written}\`.`;
    expect(await plain("orders", path)).toEqual(said("LS2016", /^there is no column "amount"/, fix));
    expect(await onAll("orders", path)).toEqual(ranks.map(() => said("LS2002", `${path} has one column, \`customer${delimiter}amount\``, fix)));
  });

  it("of a comma in a file divided by another character blames the header", async () => {
    const path = file("customer;amount\na;1,5\n");
    expect(await plain("orders", path)).toEqual(said("LS2006", `${path}, line 2: 2 fields, the header has 1`, /delimiter: ";"/));
    expect(await onAll("orders", path)).toEqual(ranks.map(() => said("LS2002", /has one column/, /delimiter: ";"/)));
  });

  it.each([
    ["in a row", latin("customer,amount\na,1\nJos\xe9,2\n"), 3],
    ["in the header", latin("customer,montant \xe9\na,1\n"), 1],
    ["in a column that nobody reads", latin("customer,amount,note\na,1,\nb,2,\xe9"), 3],
    ["inside of quotes", latin('customer,amount\n"a\nb",1\n"c\n\xff",2\n'), 5],
    ["far behind", Buffer.concat([Buffer.from(`customer,amount\n${many(0)}${many(0)}`), latin("\xe9,1\n")]), 120_002],
    ["cut off", latin("customer,amount\na,1\nb,2\xe2\x82"), 3],
  ])("that is not UTF-8 is refused, %s", async (_, bytes, line) => {
    for (const path of [file(bytes), file(gzipSync(bytes), "csv.gz")]) await everywhere("orders", [path], said("LS2006", `${path}, line ${line}: the line is not UTF-8`, /^Write the file as UTF-8: iconv -f LATIN1/));
  });

  it("with a few lines that are not UTF-8 is read without them", async () => {
    const path = file(latin('customer,amount\na,1\nJos\xe9,2\n"x\n\xff",2\nb,2\n'));
    const reasons = (folder: string): unknown[] => readdirSync(folder).filter((name) => name.endsWith(".jsonl")).sort().flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").filter((line) => line !== "")).map((line) => JSON.parse(line) as { line: number; text: string; reason: string });
    const bad = [3, 4].map((line) => expect.objectContaining({ line, text: line === 3 ? "Jos\ufffd,2" : '"x\n\ufffd",2', reason: "the line is not UTF-8" }));
    for (const n of [0, ...ranks]) {
      const folder = join(executions.scratch, `bad-${n}`);
      expect(await executions.value(n === 0 ? executions.plain("skipped", [path, folder]) : executions.onRanks(n, "skipped", [path, folder]))).toEqual(rows);
      expect(reasons(folder)).toEqual(bad);
    }
  });

  it("says for each mistake how to mend it", async () => {
    const ragged = file("customer,amount\na,1\nb,2,3\n");
    await everywhere("orders", [ragged], said("LS2006", `${ragged}, line 3: 3 fields, the header has 2`, /stands in quotes.*onBadRow: "skip"/));
    const empty = file("");
    await everywhere("orders", [empty], said("LS2006", `${empty}, line 1: the file is empty, a header line is expected`, /^Write the names of its columns/));
    const twice = file("customer,amount,amount\na,1,2\n");
    await everywhere("orders", [twice], said("LS2006", `${twice}, line 1: the column "amount" appears twice`, /^Call one of them something else/));
    const missing = file("customer,amount\na,1\nb,NA\n");
    await everywhere("typed", [missing], said("LS2006", `${missing}, line 3: column amount has "NA", which is not a number`, /parse it in derive: `types: \{ amount: "string" \}` and `amount: string`/));
  });

  it("says in which line a null is that the interface excludes", async () => {
    const path = file(`customer,amount\n${many(1)}"quoted\nbreak",7\n\nz,\n`);
    expect(await onAll("orders", path)).toEqual(ranks.map(() => said("LS2003", `${path}, line 60005: column amount is null, the interface says it never is`, "Write `amount: … | null` in the interface.")));
  });
});

describe("JSON Lines", () => {
  it("that is not UTF-8 is refused, or read without such lines", async () => {
    const path = file(latin('{"customer":"a","amount":1}\n\n{"customer":"Jos\xe9","amount":2}\n{"customer":"b","amount":2}\n'), "jsonl");
    await everywhere("lines", [path], said("LS2006", `${path}, line 3: the line is not UTF-8`, /iconv/));
    await everywhere("skippedLines", [path], rows);
  });

  it("says in which line a null is that the interface excludes, and what becomes of a line that is no object", async () => {
    const path = file('{"customer":"a","amount":1}\n\n{"customer":null,"amount":2}\n', "jsonl");
    expect(await onAll("lines", path)).toEqual(ranks.map(() => said("LS2003", `${path}, line 3: column customer is null, the interface says it never is`, /customer: … \| null/)));
    const list = file('{"customer":"a","amount":1}\n[1]\n', "jsonl");
    await everywhere("lines", [list], said("LS2006", `${list}, line 2: a list, where an object is expected`, /onBadRow: "skip"/));
  });
});

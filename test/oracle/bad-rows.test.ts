/** onBadRow: what is left out, and what is said of it, is the same untransformed and on 1, 2, 3 and 7 ranks, wherever borders of groups are. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import * as programs from "./bad-rows/programs.ts";
import { buildPrograms, type Program } from "./build-programs.ts";
import { difference } from "./compare.ts";
import { type Answer, RankPool } from "./rank-pool.ts";

const scratch = mkdtempSync(join(root, ".lockstep-bad-rows-"));
const pools = new Map<number, RankPool>();
let built: Map<string, Program>;
const [csv, lines, many, packed] = ["some.csv", "some.jsonl", "many", "packed.csv.gz"].map((name) => join(scratch, name)) as [string, string, string, string];

const ragged = 'id,at,name\n1,2024-01-01,a\n2,2024-01-02\n3,x,c\n4,,"d\nd"\nfive,2024-01-05,e\n6,2024-01-06,f,g\n\n7,2024-01-07,"g ""g"""\n9007199254740993,2024-01-09,far\n8,2024-01-08,  \n,,\r\n';
const broken = '{"id":1,"name":"a"}\n{"id":2,"name":\n[1]\n"text"\n{"id":"3","name":"c"}\n\n{"id":4,"at":"2024-01-04T00:00:00Z","name":"d"}\nnull\n{"id":5,"at":5}\n{"id":9007199254740993}\n{"name":"none"} \r\n7\n';

beforeAll(async () => {
  writeFileSync(csv, ragged);
  writeFileSync(lines, broken);
  writeFileSync(packed, gzipSync(ragged));
  // Several groups of a megabyte, some of nothing but bad lines.
  mkdirSync(many);
  const row = (id: number): string => (id % 97 === 0 || (id > 10_000 && id < 34_000) ? `${id},2024-01-01,${"x".repeat(40)},too many\n` : id % 101 === 0 ? `no ${id},,${id}\n` : `${id},,${id} ${"y".repeat(40)}\n`);
  for (const file of [0, 1]) writeFileSync(join(many, `${file}.csv`), `id,at,name\n${Array.from({ length: 45_000 }, (_, i) => row(i + file)).join("")}`);
  built = new Map((await buildPrograms([join(root, "test/oracle/bad-rows/programs.ts")], join(scratch, "built"))).map((program) => [program.id.split("#")[1]!, program]));
});

afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  rmSync(scratch, { recursive: true, force: true });
});

type Name = keyof typeof programs;
const plain = (name: Name, ...args: unknown[]): Promise<Answer> =>
  (programs[name] as (...args: unknown[]) => Promise<unknown>)(...args).then((value): Answer => ({ value }), (error: Error & { code?: string }): Answer => ({ error: { message: error.message, code: error.code! } }));

/** Answers that are compared with those of several rank counts. */
const known = new Map<string, Promise<Answer>>();
function plainOnce(name: Name, ...args: unknown[]): Promise<Answer> {
  const key = JSON.stringify([name, args]);
  const answer = known.get(key) ?? plain(name, ...args);
  known.set(key, answer);
  return answer;
}

const kept = (folder: string): unknown[] => readdirSync(folder).filter((name) => name.endsWith(".jsonl")).sort().flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as unknown));

it("plain Node leaves out what is no row", async () => {
  expect(await plain("csv", csv)).toMatchSnapshot();
  expect(await plain("jsonLines", lines)).toMatchSnapshot();
  const out = join(scratch, "out");
  mkdirSync(out);
  expect(await plain("collected", csv, lines, out)).toEqual({ value: 8 });
  const short = (rows: unknown[]): unknown[] => rows.map((row) => ({ ...(row as object), file: "" }));
  expect(short(kept(join(out, "csv")))).toMatchSnapshot();
  expect(short(kept(join(out, "lines")))).toMatchSnapshot();
});

it("says so on standard error", () => {
  const job = `import { csv } from ${JSON.stringify(join(root, "test/oracle/bad-rows/programs.ts"))}; await csv(${JSON.stringify(csv)});`;
  const said = execFileSync("sh", ["-c", '"$0" --input-type=module -e "$1" 2>&1', process.execPath, job], { encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "--disable-warning=ExperimentalWarning" } });
  expect(said).toContain(`${csv}: 5 bad rows left out; the first is ${csv}, line 3: 2 fields, the header has 3\n`);
});

it("the summary of a run says how many", () => {
  const main = join(scratch, "built/main.mjs");
  writeFileSync(main, `import { csv } from ${JSON.stringify(built.get("csv")!.module)}; await csv(${JSON.stringify(csv)}); await csv(${JSON.stringify(csv)});`);
  const said = execFileSync("sh", ["-c", '"$0" "$@" 2>&1', process.execPath, join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "2", "--summary", main], { encoding: "utf8", env: { ...process.env, VITEST: undefined } });
  expect(said).toMatch(/^lockstep: 2 ranks .* rows read, 10 bad rows left out, /m);
});

describe.each(shared([1, 2, 3, 7], 1))("on %i ranks", (ranks) => {
  const onRanks = (name: Name, ...args: unknown[]): Promise<Answer> => {
    if (!pools.has(ranks)) pools.set(ranks, new RankPool(ranks));
    const { chunk, id } = built.get(name)!;
    return pools.get(ranks)!.run({ chunk, id, args });
  };

  it.each([["csv", csv], ["csv", packed], ["csv", many], ["jsonLines", lines], ["unsaid", csv]] as const)("%s of %s", async (name, path) => {
    const [right, answer] = [await plainOnce(name, path), await onRanks(name, path)];
    if ("error" in right || "error" in answer) expect.fail(JSON.stringify([right, answer]));
    expect(difference(right.value, answer.value)).toBeNull();
  });

  it("keeps the same lines", async () => {
    const [right, out] = [join(scratch, "right"), join(scratch, `out-${ranks}`)];
    for (const folder of [right, out]) mkdirSync(folder, { recursive: true });
    // Twice: the second ones take the place of the first.
    for (let time = 0; time < 2; time++) expect(await onRanks("collected", many, lines, out)).toEqual(await plainOnce("collected", many, lines, right));
    for (const part of ["csv", "lines"]) expect(difference(kept(join(right, part)), kept(join(out, part)))).toBeNull();
    expect(kept(join(out, "csv")).length).toBeGreaterThan(45_000);
  });

  it("keeps none where rows are read", async () => {
    for (const [input, place] of [[csv, csv], [csv, scratch], [many, many], [many, join(many, "bad")], [join(many, "*.csv"), many]] as const) {
      const right = await plain("onInput", input, place);
      expect(right).toMatchObject({ error: { code: "LS2016", message: expect.stringMatching(/badRows, .* is where .* is read/) } });
      expect(await onRanks("onInput", input, place)).toMatchObject(right);
    }
    expect([readFileSync(csv, "utf8"), readdirSync(many).length]).toEqual([ragged, 2]);
  });

  it("fails past so many", async () => {
    expect(await onRanks("limited", csv, 5)).toEqual(await plain("limited", csv, 5));
    const [right, answer] = [await plain("limited", csv, 4), await onRanks("limited", csv, 4)];
    expect(right).toMatchObject({ error: { code: "LS2006", message: `more than 4 bad rows; the first is ${csv}, line 3: 2 fields, the header has 3` } });
    expect(answer).toMatchObject(right);
  });
});

/** The addon and what is said of it: declarations, loader, errors, and a JavaScript thread that never waits. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as native from "@lockstep/native";
import type { Plan } from "@lockstep/native/plan";
import { table } from "@lockstep/runtime";
import { tableFromIPC } from "apache-arrow";
import { afterAll, beforeAll, expect, it } from "vitest";

const loader = fileURLToPath(import.meta.resolve("@lockstep/native"));
const declarations = readFileSync(join(loader, "../index.d.ts"), "utf8");
let engine: native.Engine;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "lockstep-addon-"));
  engine = await native.Engine.create({ rank: 0, size: 1, job: "addon", threads: 1, memoryLimit: 0, spillDirectory: directory });
});

afterAll(async () => {
  await engine.close();
  rmSync(directory, { recursive: true });
});

it("has what its declarations say, and no more", () => {
  const functions = [...declarations.matchAll(/^export declare function (\w+)/gm)].map((match) => match[1]!);
  const classes = [...declarations.matchAll(/^export declare class (\w+) \{\n([^]*?)^\}/gm)].map(([, name, body]) => [name!, [...body!.matchAll(/^ {2}(\w+)\(.*\): /gm)].map((match) => match[1]!)] as const);
  expect(Object.keys(native).sort()).toEqual([...functions, ...classes.map(([name]) => name)].sort());
  for (const [name, methods] of classes) {
    const { prototype } = native[name as keyof typeof native] as { prototype: object };
    expect(Object.getOwnPropertyNames(prototype).filter((method) => method !== "constructor").sort()).toEqual([...methods].sort());
  }
});

it("says which file is missing and how to build it", () => {
  const script = `import(${JSON.stringify(loader)}).catch((error) => console.log(error.message))`;
  const run = (addon: string) => execFileSync(process.execPath, ["-e", script], { env: { ...process.env, LOCKSTEP_NATIVE: addon }, encoding: "utf8" });
  expect(run("/no/such/addon.node")).toBe("Lockstep's native addon /no/such/addon.node is not there. Build it: npm run build:native\n");
  const wrong = join(directory, "wrong.node");
  writeFileSync(wrong, "not a library");
  expect(run(wrong)).toMatch(/wrong\.node does not load on .*Build it: npm run build:native/);
});

it("opens the Parquet file of no rows that plain Node writes", async () => {
  const path = join(directory, "none");
  await table({ id: [1], name: ["x"] }).filter((d) => d.id > 1).writeParquet(path);
  const opened = engine.openParquet(JSON.stringify({ paths: [join(path, "part-00000.parquet")], declared: [], types: {}, site: "" }));
  expect(JSON.parse(await opened)).toMatchObject({ rows: 0 });
});

/** Rows whose value is above 0.5, of a CSV with a million rows, in the order of their values. */
async function sorted(): Promise<Plan> {
  const path = join(directory, "values.csv");
  let seed = 1;
  const lines = Array.from({ length: 1_000_000 }, (_, id) => `${id},${(seed = (seed * 16807) % 2147483647) / 2147483647}`);
  writeFileSync(path, `id,value\n${lines.join("\n")}\n`);
  const { dataset, rows } = JSON.parse(await engine.openCsv(JSON.stringify({ paths: [path], declared: [], types: {}, delimiter: ",", header: true, site: "" })));
  expect(rows).toBe(1_000_000);
  const value = { kind: "column", name: "value", type: "number" } as const;
  const half = { kind: "literal", type: "number", value: 0.999 } as const;
  return {
    function: "job.ts#f",
    nodes: [
      { op: "scan", dataset, site: "", columns: [{ name: "id", type: "number", nullable: false }, { name: "value", type: "number", nullable: false }] },
      { op: "sort", input: 0, site: "", keys: [{ expression: value, descending: true }] },
      { op: "filter", input: 1, site: "", predicate: { kind: "call", function: "gt", type: "boolean", args: [value, half] } },
    ],
    sinks: [{ op: "collect", input: 2, limit: 10_000, everywhere: true, site: "" }, { op: "count", input: 1, site: "" }],
  };
}

it("runs a plan beside the JavaScript thread", async () => {
  const plan = JSON.stringify(await sorted());
  let ticks = 0;
  const seen: number[][] = [engine.progress()];
  const timer = setInterval(() => seen.push(engine.progress()) && ticks++, 1);
  const { sinks, profile } = await engine.execute(plan);
  clearInterval(timer);
  seen.push(engine.progress());
  expect(seen[0]).toEqual([0, 0, 0, 0]);
  seen.slice(1).forEach((progress, i) => expect(progress.every((count, which) => count >= seen[i]![which]!)).toBe(true));
  const bytes = statSync(join(directory, "values.csv")).size;
  expect(seen.at(-1)).toEqual([1_000_000, 1_000_000, bytes, bytes]);
  expect(ticks).toBeGreaterThan(5);
  const values = [...tableFromIPC(sinks[0]!.ipc!).getChild("value")!] as number[];
  expect(values.length).toBe(sinks[0]!.rows);
  expect(values).toEqual(values.toSorted((a, b) => b - a));
  expect(sinks[1]!.rows).toBe(1_000_000);
  expect(JSON.parse(profile).operators.some((operator: { name: string }) => operator.name === "SortRowsExec")).toBe(true);
  expect(await engine.explain(plan)).toContain("SortRowsExec");
});

it("throws its errors as JSON", async () => {
  const failed = engine.openParquet(JSON.stringify({ paths: ["/no/such.parquet"], declared: [], types: {}, site: "job.ts:1:1" }));
  const error = await failed.catch((thrown: Error) => JSON.parse(thrown.message));
  expect(error).toMatchObject({ code: "LS2001", site: "job.ts:1:1" });
  expect(await engine.settle(Buffer.from("x"))).toEqual([Buffer.from("x")]);
  expect(await engine.allgather(Buffer.from("y"))).toEqual([Buffer.from("y")]);
});

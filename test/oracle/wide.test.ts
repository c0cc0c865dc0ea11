/** A table of 3,000 columns, through readers, writers and verbs. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Executions } from "../executions.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { difference } from "./compare.ts";

const COLUMNS = 3_000;
const names = Array.from({ length: COLUMNS }, (_, n) => `c${n}`);

const source = `import { desc, matches, op, readCsv, readParquet } from "@lockstep/runtime";

interface Wide { ${names.map((name) => `${name}: number`).join("; ")} }

export async function wide(path: string, out: string) {
  "use spmd";
  await (await readCsv<Wide>(path)).writeParquet(out);
  const all = await readParquet<Wide>(out);
  return [
    all.filter((d) => d.c1 > 3).groupby("c2").rollup({ n: op.count(), sum: op.sum("c${COLUMNS - 1}") }).orderby(desc("sum"), "c2").objects(),
    all.filter((d) => d.c5 > 3).orderby("c9", "c1").derive({ x: (d) => d.c1 + d.c2 }).objects({ limit: 3 }),
    all.select("c1", "c2", "c3").join(all, "c1").select(matches("99")).objects({ limit: 2 }),
    all.concat(all).dedupe().numRows(),
  ];
}
`;

// In the checkout, so that the program finds @lockstep/runtime.
const folder = mkdtempSync(join(root, ".lockstep-wide-"));
let programs: Executions<{ wide(path: string, out: string): Promise<unknown> }>;

beforeAll(async () => {
  const file = join(folder, "wide.ts");
  writeFileSync(file, source);
  writeFileSync(join(folder, "wide.csv"), [names, ...Array.from({ length: 50 }, (_, row) => names.map((_, n) => (row * n) % 97))].map((row) => `${row.join(",")}\n`).join(""));
  programs = new Executions(await import(pathToFileURL(file).href), relative(root, file));
  await programs.open();
});

afterAll(async () => {
  await programs.close();
  rmSync(folder, { recursive: true, force: true });
});

it.each(shared([1, 3], 1))("on %i ranks", async (ranks) => {
  const [right, answer] = [await programs.value(programs.plain("wide", [join(folder, "wide.csv"), join(folder, `plain-${ranks}`)])), await programs.value(programs.onRanks(ranks, "wide", [join(folder, "wide.csv"), join(folder, `out-${ranks}`)]))];
  expect(difference(right, answer)).toBeNull();
});

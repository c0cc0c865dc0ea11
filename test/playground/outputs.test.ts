/** What a run writes stays in it, and only that is its result: Iceberg tables of the project are as they were. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readIceberg, table } from "@lockstep/runtime";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Runs } from "../../playground/server/runs/runs.ts";
import { buildPlayground } from "../scripts/build-playground.mjs";
import { root } from "../scripts/lib.mjs";

let project: string;
let runs: Runs;

beforeEach(async () => {
  await buildPlayground();
  project = mkdtempSync(join(tmpdir(), "lockstep-outputs-"));
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  mkdirSync(join(project, "cout"));
  const rows = { id: [1, 2, 3], city: ["Oslo", "Rome", "Oslo"] };
  await table(rows).writeIceberg(join(project, "cout/ice"), { partitionBy: ["city"] });
  await table(rows).writeIceberg(join(project, "cout/ice"), { mode: "append" });
  // A commit then removes older states.
  const state = join(project, "cout/ice/metadata/v2.metadata.json");
  const forgets = { "write.metadata.delete-after-commit.enabled": "true", "write.metadata.previous-versions-max": "1" };
  writeFileSync(state, readFileSync(state, "utf8").replace(/"properties":\{/, `"properties":${JSON.stringify(forgets).slice(0, -1)},`).replace(",}", "}"));
  // As it is built: it starts builders of its own.
  const server = (await import(join(root, "playground/dist/server/runs/runs.js"))) as { Runs: typeof Runs };
  runs = new server.Runs(project);
});
afterEach(async () => {
  await runs.close();
  rmSync(project, { recursive: true, force: true });
});

const contents = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(project, { recursive: true, encoding: "utf8" })
      .filter((name) => !name.startsWith("node_modules") && statSync(join(project, name)).isFile())
      .map((name) => [name, readFileSync(join(project, name), "base64")]),
  );

async function run(body: string, ranks: number): Promise<string> {
  const job = `import { op, readIceberg, table } from "@lockstep/runtime";\ninterface Visit { id: number; city: string }\nexport async function job() {\n  "use spmd";\n${body}\n}\nawait job();\n`;
  let id = "";
  const said: string[] = [];
  for await (const event of runs.start({ files: { "job.ts": job }, entry: "job.ts", arguments: [], ranks, example: null, options: {} })) {
    if ("run" in event) id = event.run;
    said.push(JSON.stringify(event));
  }
  expect(said.join("\n")).toContain('"SUCCEEDED"');
  return id;
}

const append = '  await (await readIceberg<Visit>("cout/ice")).filter((d) => d.id > 1).writeIceberg("cout/ice", { mode: "append" });';

it("a run that adds to the project's table, on ranks and under plain Node, leaves the project as it is", async () => {
  const before = contents();
  const [ranks, plain] = [await run(append, 2), await run(append, 0)];
  expect(contents()).toEqual(before);
  expect(Object.keys(before).length).toBeGreaterThan(6);
  const [written, ...others] = await runs.tables(ranks);
  expect([written!.name, written!.rows, others]).toEqual(["cout/ice", 10, []]);
  expect(await runs.compare(ranks, plain)).toMatchObject({ equal: true, what: expect.stringContaining("20 values in cout/ice") });
  expect((await readIceberg(join(project, "cout/ice"))).numRows()).toBe(6);
});

it("a table that the run has not written is no result of it", async () => {
  const [ranks, plain] = [await run('  console.log((await readIceberg<Visit>("cout/ice")).numRows());', 2), await run('  console.log((await readIceberg<Visit>("cout/ice")).numRows());', 0)];
  expect(await runs.tables(ranks)).toEqual([]);
  expect(await runs.compare(ranks, plain)).toMatchObject({ equal: null });
});

// One project, every bundler, the same assertions: a plugin in its configuration is all that makes it run on ranks.
import { execFile } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { readParquet, table } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";

const run = promisify(execFile);
const bin = join(root, "node_modules/.bin");
// In the checkout, so that it finds the packages.
const scratch = join(root, `.lockstep-bundlers-${process.pid}`);
const { VITEST: _, NODE_TEST_CONTEXT: __, ...inherited } = process.env;
const env = { ...inherited, NODE_NO_WARNINGS: "1", LOCKSTEP_MEMORY: "256MB", PATH: `${bin}:${process.env.PATH}` };

const bundlers: Record<string, readonly [command: string, ...args: string[]]> = {
  vite: ["vite", "build"],
  esbuild: ["node", "esbuild.config.mjs"],
  rolldown: ["rolldown", "-c", "rolldown.config.mjs"],
  rollup: ["rollup", "-c", "rollup.config.mjs"],
  webpack: ["webpack", "build"],
  rspack: ["rspack", "build"],
  babel: ["babel", "src", "--out-dir", "dist", "--extensions", ".ts", "--source-maps"],
};

let expected: { stdout: string; rows: unknown[] };

async function makeProject(folder: string): Promise<void> {
  cpSync(join(root, "test/bundlers/project"), folder, { recursive: true });
  const shops = Array.from({ length: 7 }, (_, i) => `s${i},${["Oslo", "Rome", "Lima"][i % 3]}`);
  writeFileSync(join(folder, "shops.csv"), `shop,city\n${shops.join("\n")}\n`);
  const index = Array.from({ length: 5000 }, (_, i) => i);
  await table({ shop: index.map((i) => `s${i % 9}`), amount: index.map((i) => (i * 37) % 101), unread: index }).writeParquet(join(folder, "sales"));
}

async function written(folder: string): Promise<unknown[]> {
  return (await readParquet(join(folder, "out"))).objects();
}

beforeAll(async () => {
  const folder = join(scratch, "plain");
  await makeProject(folder);
  const { stdout } = await run("node", ["src/job.ts"], { cwd: folder, env });
  expected = { stdout, rows: await written(folder) };
  expect(expected.stdout).toBe("top level\ncall 1: 9 rows\n");
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe.each(Object.keys(bundlers).map((name, turn) => [name, turn] as const))("%s", (name, turn) => {
  const folder = join(scratch, name);
  const dist = join(folder, "dist");
  const entry = () => join(dist, existsSync(join(dist, "job.mjs")) ? "job.mjs" : "job.js");
  const [command, ...args] = bundlers[name]!;
  let built: { stdout: string; stderr: string };

  beforeAll(async () => {
    await makeProject(folder);
    built = await run(command, args, { cwd: folder, env });
  });

  it("leaves the program, the rank chunk and the manifest", () => {
    const manifest = JSON.parse(readFileSync(join(dist, "lockstep.manifest.json"), "utf8")) as { chunks: Record<string, { functions: string[] }>; functions: { id: string }[] };
    expect(manifest.functions.map(({ id }) => id)).toEqual(["src/job.ts#revenue"]);
    expect(Object.values(manifest.chunks)).toMatchObject([{ functions: ["src/job.ts#revenue"] }]);
    const [chunk] = Object.keys(manifest.chunks);
    const code = readFileSync(join(dist, chunk!), "utf8");
    expect(code).toContain("src/job.ts#revenue");
    expect(code).not.toContain("settings.json");
    expect(code).not.toContain("top level");
    expect(readFileSync(entry(), "utf8")).toContain(`./${chunk}`);
    expect(readdirSync(dist).some((file) => file.endsWith(".node"))).toBe(false);
    for (const file of readdirSync(dist).filter((file) => /\.m?js$/.test(file))) {
      expect(readFileSync(join(dist, file), "utf8")).not.toContain("use spmd");
    }
  });

  it("says one line about it", () => {
    if (name === "babel") return;
    expect((built.stdout + built.stderr).split("\n").filter((line) => /lockstep \d+ function/.test(line))).toHaveLength(1);
  });

  it.each(shared([1, 2, 4], turn))("runs on %i ranks as under plain Node", async (ranks) => {
    rmSync(join(folder, "out"), { recursive: true, force: true });
    const { stdout, stderr } = await run("lockstep", ["run", "-n", `${ranks}`, entry()], { cwd: folder, env });
    expect([stdout, stderr]).toEqual([expected.stdout, ""]);
    const rows = (await written(folder)) as { gross: number }[];
    expect(rows.map(({ gross, ...exact }) => exact)).toEqual((expected.rows as { gross: number }[]).map(({ gross, ...exact }) => exact));
    rows.forEach(({ gross }, index) => expect(gross).toBeCloseTo((expected.rows[index] as { gross: number }).gross, 6));
  });

  it("starts its own ranks under node", async () => {
    const { stdout } = await run("node", [entry()], { cwd: folder, env: { ...env, LOCKSTEP_RANKS: "2" } });
    expect(stdout).toBe(expected.stdout);
  });

  it("explains itself", async () => {
    const { stdout } = await run("lockstep", ["explain", dirname(entry())], { cwd: folder, env });
    expect(stdout).toContain("revenue");
  });

  it("stops at a mistake, with the place", async () => {
    const source = readFileSync(join(folder, "src/job.ts"), "utf8");
    writeFileSync(join(folder, "src/job.ts"), source.replace("d.amount > threshold", "d.amout > threshold"));
    try {
      const failed = (await run(command, args, { cwd: folder, env }).catch((error: unknown) => error)) as { code: number; stdout: string; stderr: string };
      expect(failed.code).toBeGreaterThan(0);
      expect(failed.stdout + failed.stderr).toMatch(/amout/);
      expect(failed.stdout + failed.stderr).toMatch(/did you mean .*amount/);
      expect(failed.stdout + failed.stderr).toMatch(/job\.ts/);
    } finally {
      writeFileSync(join(folder, "src/job.ts"), source);
    }
  });
});

/**
 * Secrets that a program's environment has are in nothing that is left of it: the build with its maps and manifest, plans, profiles, traces, logs, errors of
 * every kind, what explain says, outputs and what is kept beside them for a next attempt.
 */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { table } from "@lockstep/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startServer, type Server as Postgres } from "../postgres/server.ts";
import { root } from "../scripts/lib.mjs";
import { SECRET, versitygw, within } from "../stores/servers.ts";

// In the checkout, so that it finds the packages.
const scratch = mkdtempSync(join(root, ".lockstep-secrets-"));
let postgres: Postgres;
let store: Awaited<ReturnType<typeof versitygw>>;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  [postgres, store] = await Promise.all([startServer(), versitygw()]);
  await postgres.sql("CREATE TABLE orders AS SELECT i::float8 AS id, i / 2.0::float8 AS amount FROM generate_series(1, 1000) AS i");
  await within(store.env, () => table({ id: [1, 2, 2000], amount: [1, 2, 3] }).writeParquet("s3://lockstep/in"));
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_TEST_CONTEXT|AWS_|PG)/.test(name));
  env = {
    ...Object.fromEntries(inherited.map(([name, value]) => [name, value!])), ...postgres.env, ...store.env, AWS_SHARED_CREDENTIALS_FILE: "/nonexistent", NODE_NO_WARNINGS: "1", LOCKSTEP_MEMORY: "256MB", LOCKSTEP_STORE_RETRIES: "0",
    // Of a program's own, and of connectors that it does not use.
    API_TOKEN: SECRET, SNOWFLAKE_PASSWORD: SECRET, LOCKSTEP_FLIGHT_TOKEN: SECRET, PYICEBERG_CATALOG__DEFAULT__TOKEN: SECRET, AZURE_STORAGE_ACCOUNT_KEY: SECRET,
  };
  mkdirSync(join(scratch, "src"));
  writeFileSync(join(scratch, "package.json"), '{ "private": true, "type": "module" }');
  writeFileSync(join(scratch, "esbuild.config.mjs"), `import lockstep from "@lockstep/plugin-vite/esbuild";
import { build } from "esbuild";
await build({ entryPoints: ["src/job.ts"], outdir: "dist", bundle: true, format: "esm", platform: "node", sourcemap: true, plugins: [lockstep()], define: { "process.env.FLAVOUR": '"sweet"' } });`);
  writeFileSync(join(scratch, "src/job.ts"), `import { op, readParquet, readPostgres } from "@lockstep/runtime";
interface Order { id: number; amount: number }
const token = process.env.API_TOKEN;
export async function nightly(from: string, orders: string, to: string, sent: string | undefined) {
  "use spmd";
  const rows = await readPostgres<Order>(orders);
  const more = await readParquet<Order>(from);
  const all = rows.concat(more).filter((d) => d.amount > 0).groupby("id").rollup({ amount: op.sum("amount") }).orderby("id");
  await all.writeParquet(to, { mode: "overwrite" });
  return [all.numRows(), sent === token, process.env.FLAVOUR];
}
const [from, orders, to] = process.argv.slice(2) as [string, string, string];
export default await nightly(from, orders, to, token);
`);
});
afterAll(async () => {
  await Promise.all([postgres?.stop(), store?.stop()]);
  rmSync(scratch, { recursive: true, force: true });
});

const spelled = [SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString("base64"), Buffer.from(`reader:${SECRET}`).toString("base64"), Buffer.from(SECRET).toString("hex")];
/** In which of a folder's files a secret stands. */
const holding = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name)).filter((file) => {
    const bytes = readFileSync(file);
    return spelled.some((text) => bytes.includes(text));
  });

interface Said {
  readonly code: number;
  readonly text: string;
}
const run = (command: string, args: readonly string[], more: Record<string, string> = {}): Promise<Said> =>
  promisify(execFile)(command, args, { cwd: scratch, env: { ...env, ...more }, maxBuffer: 1 << 28 }).then(
    ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, text: error.stdout + error.stderr }),
  );
const lockstep = (args: readonly string[], more?: Record<string, string>): Promise<Said> => run(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), ...args], more);

it("no build, plan, profile, trace, log, error, explanation, output or leftover holds one", async () => {
  const said: [string, Said][] = [];
  const say = async (what: string, running: Promise<Said>, code = 0): Promise<Said> => {
    const found = await running;
    expect(found.code, `${what}\n${found.text.slice(-2000)}`).toBe(code);
    said.push([what, found]);
    return found;
  };
  const debug = { LOCKSTEP_DEBUG: "ir,plan,comm,time,stack,ranks" };
  await say("build", run(process.execPath, ["esbuild.config.mjs"], debug));
  await say("explain", lockstep(["explain", "dist"]));
  await say("doctor", lockstep(["doctor"]).then(({ text }) => ({ code: 0, text })));
  const job = (options: readonly string[], from: string, orders: string, to: string, more: Record<string, string> = {}): Promise<Said> => lockstep(["run", "-n", "2", ...options, "dist/job.mjs", "--", from, orders, to], more);
  const all = ["--profile", "profile.json", "--trace", "trace.json", "--result", "result.json", "--explain", "--summary", "--job", "night"];
  for (const _ of ["an attempt", "the next one"]) await say("run", job(all, "s3://lockstep/in", "orders", "s3://lockstep/out", debug));
  expect(JSON.parse(readFileSync(join(scratch, "result.json"), "utf8"))).toEqual([1001, true, "sweet"]);
  await say("on a disk", job([], "s3://lockstep/in", "orders", "out"));
  await say("simulate", lockstep(["simulate", "dist/job.mjs", "-n", "100", "--", "s3://lockstep/in", "orders", "simulated"]));
  const failing: readonly [string, string, string, Record<string, string>][] = [
    ["nothing there", "s3://lockstep/nowhere", "orders", {}],
    ["no such table", "s3://lockstep/in", "nothing", {}],
    ["a wrong key", "s3://lockstep/in", "orders", { AWS_ACCESS_KEY_ID: "who" }],
    ["a wrong password", "s3://lockstep/in", "orders", { PGPASSWORD: `${SECRET}!` }],
    ["a store that is gone", "s3://lockstep/in", "orders", { AWS_ENDPOINT_URL: "http://127.0.0.1:9" }],
    ["a database that is gone", "s3://lockstep/in", "orders", { PGPORT: "9" }],
    ["a login in a URL", "s3://lockstep/in", "orders", { AWS_ENDPOINT_URL: `http://me:${encodeURIComponent(SECRET)}@127.0.0.1:9` }],
    ["a URL of the environment that is none", "s3://lockstep/in", "orders", { DATABASE_URL: `postgres//reader:${SECRET}@h`, PGHOST: "" }],
    ["a location with keys", `s3://key:${SECRET}@lockstep/in`, "orders", {}],
  ];
  for (const [what, from, orders, more] of failing) {
    const { text } = await say(what, job(["--summary"], from, orders, "failed", { ...debug, ...more }), 1);
    expect(text, what).toMatch(/LS20\d\d/);
  }
  for (const [what, { text }] of said) for (const secret of spelled) expect(text.includes(secret), what).toBe(false);
  expect(readFileSync(join(scratch, "dist/lockstep.manifest.json"), "utf8")).toContain("nightly");
  for (const file of ["profile.json", "trace.json", "dist/job.mjs.map", "dist/job.spmd.mjs"]) expect(readFileSync(join(scratch, file)).length, file).toBeGreaterThan(100);
  expect(holding(scratch)).toEqual([]);
  expect(readdirSync(store.folder, { recursive: true }).length).toBeGreaterThan(2);
  expect(holding(store.folder)).toEqual([]);
  // What looks for them finds them.
  for (const [n, text] of spelled.entries()) writeFileSync(join(scratch, `planted-${n}`), `x${text}y`);
  expect(holding(scratch)).toHaveLength(spelled.length);
});

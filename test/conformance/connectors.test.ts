/** One suite for all connectors: the types they tell, every row once and in order on any number of ranks, what they are asked for, their errors. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { LockstepError } from "@lockstep/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { driverOf } from "../adbc/drivers.ts";
import { lockstep } from "../jobs/job-process.ts";
import { buildPrograms, type Program } from "../oracle/build-programs.ts";
import { difference } from "../oracle/compare.ts";
import { type Answer, RankPool } from "../oracle/rank-pool.ts";
import { startPython, type Told } from "../flight/server.ts";
import { startServer, type Server } from "../postgres/server.ts";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { type Server as Snowflake, startSnowflake } from "../snowflake/server.ts";
import { within } from "../stores/servers.ts";
import { type Connector, connectors, rowAt } from "./connectors.ts";

const RANKS = [1, 3, 16];
const ROWS = 1000;
const rows = Array.from({ length: ROWS }, (_, id) => rowAt(id));

// In the checkout, so that the built programs find @lockstep/runtime.
const scratch = mkdtempSync(join(root, ".lockstep-connectors-"));
let server: Server;
let flight: Told;
let snowflake: Snowflake;
/** Of programs that read their databases. */
let env: Readonly<Record<string, string>>;
const all = connectors(scratch, () => server, () => flight, () => snowflake);
const pools = new Map<number, RankPool>();

/** The same programs over each of them. */
const programsOf = ({ imports, read }: Connector): string => `
import { op, ${imports} } from "@lockstep/runtime";
import { saved } from "${join(root, "test/conformance/programs/saved.ts")}";
interface Row { id: number; name: string | null; value: number; ok: boolean; at: Date }
export async function whole(place: string) {
  "use spmd";
  return (await ${read("Row")}).objects({ limit: 10_000 });
}
export async function counted(place: string) {
  "use spmd";
  const rows = await ${read("Row")};
  return [rows.numRows(), rows.filter((d) => d.ok).rollup({ n: op.count(), sum: op.sum("value"), last: op.max("at") }).objects()];
}
export async function some(place: string) {
  "use spmd";
  return (await ${read("Row")}).filter((d) => d.id >= 500 && d.id < 510).select("id", "value").objects();
}
export async function typed(place: string) {
  "use spmd";
  return (await ${read("{ name: number | null; at: Date }")}).select("name").objects();
}
`;
type Name = "whole" | "counted" | "some" | "typed";
const file = (connector: Connector): string => join(scratch, `${connector.name.replace(/\W+/g, "-")}.ts`);
const idOf = (connector: Connector, name: Name): string => `${basename(scratch)}/${basename(file(connector))}#${name}`;
const plainly = new Map<string, Record<Name, (place: string) => Promise<unknown>>>();
const built = new Map<string, Program>();

beforeAll(async () => {
  [server, flight, snowflake] = await Promise.all([startServer(), startPython({ tables: "" }), startSnowflake({ tables: [], columns: { at: { type: "timestamp_ltz", scale: 6 } } })]);
  env = { ...server.env, ...flight.env, ...snowflake.env, LOCKSTEP_ADBC_URI: flight.env.LOCKSTEP_FLIGHT_URL!, ADBC_DRIVER_PATH: dirname(await driverOf("flightsql")) };
  await within(env, async () => {
    for (const connector of all) {
      writeFileSync(file(connector), programsOf(connector));
      await connector.make(connector.place("whole"), ROWS);
      await connector.make(connector.place("empty"), 0);
      await connector.make(connector.place("spoilt"), ROWS);
      await connector.damage(connector.place("spoilt"));
      plainly.set(connector.name, (await import(pathToFileURL(file(connector)).href)) as never);
    }
  });
  for (const program of await buildPrograms(all.map(file), join(scratch, "built"))) built.set(program.id, program);
  for (const ranks of RANKS) pools.set(ranks, new RankPool(ranks, env));
});
afterAll(async () => {
  await Promise.all([...pools.values()].map((pool) => pool.close()));
  await Promise.all([server?.stop(), flight?.stop(), snowflake?.stop()]);
  rmSync(scratch, { recursive: true, force: true });
});

describe.each(all.map((connector, turn) => [connector.name, connector, shared(RANKS, turn)] as const))("%s", (_, connector, counts) => {
  const plain = (name: Name, place: string): Promise<unknown> => within(env, () => plainly.get(connector.name)![name](connector.place(place)));
  const onRanks = (ranks: number, name: Name, place: string): Promise<Answer> => pools.get(ranks)!.run({ chunk: built.get(idOf(connector, name))!.chunk, id: idOf(connector, name), args: [connector.place(place)] });

  it("plain Node reads its rows, in order, and none of an empty one", async () => {
    expect(difference(rows, await plain("whole", "whole"))).toBeNull();
    expect(await plain("whole", "empty")).toEqual([]);
  });

  it.each(counts)("%i ranks read every row once, in order, and none of an empty one", async (ranks) => {
    for (const name of ["whole", "counted", "some"] as const) {
      expect(difference({ value: await plain(name, "whole") }, await onRanks(ranks, name, "whole")), name).toBeNull();
      const empty = await onRanks(ranks, name, "empty");
      if (connector.unknown) expect(empty).toMatchObject({ error: { code: "LS2002", message: expect.stringMatching(connector.unknown) } });
      else expect(difference({ value: await plain(name, "empty") }, empty), `${name} of nothing`).toBeNull();
    }
  });

  it.each([["missing", "whole", "nowhere"], ["damaged", "whole", "spoilt"], ["typed", "typed", "whole"]] as const)("%s: an error that names it and says what to do, and ranks go on", async (wrong, name, place) => {
    const [code, message] = connector.errors[wrong];
    // Interfaces are erased where the program runs without the plugin.
    if (wrong !== "typed") {
      const right = await plain(name, place).then(() => expect.fail("no error"), (error: unknown) => error as LockstepError);
      expect(right).toMatchObject({ code, message: expect.stringMatching(message), fix: expect.stringMatching(/\w{3}/) });
      expect(right.message).toContain(basename(connector.place(place)));
      if (connector.isDatabase) expect(right.fix).not.toMatch(/\b(path|folder|file)/);
    }
    for (const ranks of counts) {
      expect(await onRanks(ranks, name, place), `${ranks} ranks`).toMatchObject({ error: { code, message: expect.stringMatching(message) } });
      expect(await onRanks(ranks, "some", "whole")).toHaveProperty("value");
    }
  });

  it("its types are pulled, and held against the data", async () => {
    const out = `${file(connector)}.schema.ts`;
    const schema = (...args: string[]) => lockstep(["schema", ...args], env, scratch).ended;
    expect(await schema("pull", ...connector.pull(connector.place("whole")), "-o", out)).toMatchObject({ code: 0 });
    const pulled = readFileSync(out, "utf8");
    const found = [...pulled.matchAll(/^ {2}(\w+): .*; \/\/ (.*)$/gm)].map(([, column, type]) => [column, type]);
    expect(Object.fromEntries(found)).toEqual(connector.types);
    expect(await schema("check", out)).toMatchObject({ code: 0, stdout: `${out}: as the data\n` });
    writeFileSync(out, pulled.replace('["ok","bool', '["fine","bool'));
    const drifted = await schema("check", out);
    expect(drifted).toMatchObject({ code: 1, stdout: expect.stringMatching(/- fine +bool.*is gone\n {2}\+ ok +bool.*is new\n {2}take them over: npx lockstep /) });
    // By a shell, as it is printed.
    const command = /take them over: npx lockstep (.*)$/m.exec(drifted.stdout)![1]!;
    await promisify(execFile)("sh", ["-c", `"${process.execPath}" "${join(root, "runtime/bin/lockstep.mjs")}" ${command}`], { env: { ...process.env, VITEST: undefined, ...env }, cwd: scratch });
    expect(readFileSync(out, "utf8")).toBe(pulled);
  });
});

it("are asked for the columns and the rows that a program uses, as far as they know them", async () => {
  const [main, profile] = [join(scratch, "built/main.mjs"), join(scratch, "profile.json")];
  const lines = all.map((connector, n) => [`import { some as some${n} } from ${JSON.stringify(built.get(idOf(connector, "some"))!.module)};`, `await some${n}(${JSON.stringify(connector.place("whole"))});`] as const);
  writeFileSync(main, [...lines.map(([opens]) => opens), ...lines.map(([, calls]) => calls)].join("\n"));
  await promisify(execFile)(process.execPath, [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", "2", "--profile", profile, main], { env: { ...process.env, VITEST: undefined, ...env } });
  const { executions } = JSON.parse(readFileSync(profile, "utf8")) as { executions: { operators: { name: string; detail: string; ranks: { rows: number }[] }[] }[] };
  const leaves = executions.flatMap(({ operators }) => operators.filter(({ name }) => /^(Scan|Query|Spool)Exec$/.test(name)));
  expect(leaves).toHaveLength(all.length);
  for (const [n, { name, asked: [detail, rows] }] of all.entries()) {
    expect(leaves[n]!.detail, name).toMatch(detail);
    if (rows !== undefined) expect(leaves[n]!.ranks.reduce((sum, of) => sum + of.rows, 0), name).toBe(rows);
  }
});

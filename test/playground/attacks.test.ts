/** What a hostile or unlucky user does to the local server: nothing hangs, nothing is left, nothing ends it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isAlive } from "../programs.ts";
import { root } from "../scripts/lib.mjs";
import { type LocalServer, servePlayground } from "./local-server.ts";

interface Event {
  readonly run?: string;
  readonly failed?: string;
  readonly state?: { readonly phase: string; readonly message: string } | null;
  readonly output?: { readonly text: string } | null;
}

let folder: string;
let temporary: string;
let server: LocalServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lockstep-attacked-"));
  temporary = join(folder, "tmp");
  const project = join(folder, "project");
  for (const path of [temporary, project]) mkdirSync(path);
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "secret.ts"), "export const secret = 1;\n");
  writeFileSync(join(project, "job.ts"), 'import { secret } from "../secret.ts";\nexport async function f() {\n  "use spmd";\n  return secret;\n}\n');
  for (const out of ["out", "data/year/out"]) {
    mkdirSync(join(project, out), { recursive: true });
    writeFileSync(join(project, out, "part-00000.csv"), "city,amount\nkept,0\n");
  }
  writeFileSync(join(project, "sales.csv"), "city,amount\nOslo,1.5\n");
  server = await serve();
});

afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const serve = () => servePlayground(join(folder, "project"), [], { TMPDIR: temporary });

const ask = (path: string, options: RequestInit = {}, of = server) => fetch(`${of.origin}/api/${path}`, { ...options, headers: { authorization: `Bearer ${of.token}` } });

const wanted = (text: string, more: object = {}) => ({ files: { "job.ts": text }, entry: "job.ts", arguments: [], ranks: 0, example: null, options: {}, ...more });

/** The events of a run, as the page gets them. */
async function* events(request: object, options: RequestInit = {}, of = server): AsyncGenerator<Event> {
  const response = await ask("runs", { method: "POST", body: JSON.stringify(request), ...options }, of);
  if (!response.ok) throw new Error(await response.text());
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line !== "") yield JSON.parse(line) as Event;
  }
}

async function outcome(request: object): Promise<string> {
  let last = "";
  for await (const { failed, state } of events(request)) last = failed ?? (state ? `${state.phase} ${state.message}` : last);
  return last;
}

const fine = async () => expect(await outcome(wanted("export default [{ a: 1 }];"))).toBe("SUCCEEDED ");

/** The first line of an answer to a request that no client would make. */
const raw = (line: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.origin).port), "127.0.0.1", () => socket.write(`${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`));
    socket.once("data", (answer) => resolve(answer.toString().split("\r\n")[0]!)).once("error", reject).once("close", () => resolve("closed"));
  });

describe("requests", () => {
  it("of any form have an answer, and the server goes on", async () => {
    for (const path of ["//", "///", "//[", "http://[", "*", "/%", "/assets/%2e%2e/%2e%2e/package.json", "/assets/../../package.json", "/assets/..", "/api//..//project"]) {
      expect(await raw(`GET ${path} HTTP/1.1`), path).toMatch(/^HTTP\/1.1 (200|400|401|404)/);
    }
    expect((await ask("uploads/%E0%A4%A.csv", { method: "POST" })).status).toBe(400);
    await fine();
  });

  it("that are too long are told so", async () => {
    const response = await ask("runs", { method: "POST", body: JSON.stringify({ files: { "a.ts": "x".repeat(11_000_000) } }) });
    expect([response.status, await response.text()]).toEqual([413, "11 MB: this server takes at most 10 MB"]);
  });

  it("read nothing outside of the project", async () => {
    const { files } = (await (await ask("project")).json()) as { files: object };
    expect(Object.keys(files)).toEqual(["job.ts"]);
  });
});

describe("a run", () => {
  it("of files that are none says which", async () => {
    const names = ["../job.ts", "/../../job.ts", "node_modules/x.ts", "uploads/../uploads/x.ts", "a\0.ts", `${"x".repeat(300)}.ts`, ""];
    for (const name of names) expect(await outcome({ ...wanted(""), files: { "job.ts": "", [name]: "" } }), name).toBe(`${name} is no path of a file`);
    expect(await outcome({ ...wanted(""), files: { "job.ts": "", "job.ts/x.ts": "" } })).toBe("job.ts/x.ts is no path of a file");
    expect(await outcome({ ...wanted(""), entry: "__proto__" })).toBe("there is no __proto__");
    for (const example of ["nothing", "..", "../server"]) expect(await outcome({ ...wanted(""), example })).toBe(`there is no example ${example}`);
  });

  it("with arguments that no program can have fails alone", async () => {
    expect(await outcome(wanted("", { arguments: ["a\0b"] }))).toMatch(/^FAILED did not start/);
    expect(await outcome(wanted("", { arguments: ["x".repeat(1_000_000)] }))).toMatch(/^FAILED did not start/);
    await fine();
  });

  it("is stopped while it is built", async () => {
    for await (const { run, state } of events(wanted("export default 1;", { ranks: 2 }))) {
      if (run !== undefined) expect(await (await ask(`runs/${run}`, { method: "DELETE" })).json()).toEqual({ stopped: true });
      if (state) expect(state).toMatchObject({ phase: "CANCELLED", message: "cancelled before it started" });
    }
    await fine();
  });

  it("ends with the page that wants it", async () => {
    const page = new AbortController();
    let pid = 0;
    await expect((async () => {
      for await (const { output } of events(wanted("console.log(process.pid); for (;;);", { ranks: 1 }), { signal: page.signal })) {
        if (!output || pid !== 0) continue;
        pid = Number(output.text);
        page.abort();
      }
    })()).rejects.toThrow("abort");
    await expect.poll(() => isAlive(pid)).toBe(false);
    await fine();
  });

  it("whose rank is killed says so, and the next one runs", async () => {
    const program = `import { readCsv, size } from "@lockstep/runtime";
async function endless(path: string) {
  "use spmd";
  const ranks = size();
  return (await readCsv<{ city: string; amount: number }>(path)).filter((d) => d.amount > ranks).numRows();
}
console.log(process.ppid);
for (;;) await endless("sales.csv");
`;
    let printed = "";
    let last = "";
    for await (const { state, output } of events(wanted(program, { ranks: 3 }))) {
      if (state) last = `${state.phase} ${state.message}`;
      if (output && printed === "") {
        const children = readFileSync(`/proc/${Number(output.text)}/task/${Number(output.text)}/children`, "utf8").trim().split(" ").map(Number);
        process.kill(children.at(-1)!, "SIGKILL");
      }
      printed += output?.text ?? "";
    }
    expect([last, printed]).toEqual([expect.stringMatching(/^FAILED ended with exit code/), expect.stringMatching(/LS2011[^]*SIGKILL/)]);
    await fine();
  });

  it("that leaves what is no table has a result that says so", async () => {
    const program = `import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
for (const name of ["text", "pipe", "link"]) mkdirSync(name);
writeFileSync("text/a.parquet", "city,amount");
execFileSync("mkfifo", ["pipe/a.csv"]);
symlinkSync("${join(folder, "project/sales.csv")}", "link/a.csv");
export default [{ __proto__: null, constructor: 1 }];
`;
    let id = "";
    for await (const { run } of events(wanted(program))) id = run ?? id;
    const tables = (await (await ask(`runs/${id}/tables`)).json()) as { name: string; columns: string[] }[];
    expect(tables.map(({ name, columns }) => [name, columns])).toEqual([["default export", ["constructor"]], ["text", ["cannot be shown"]]]);
    expect(await (await ask(`runs/${id}/rows?table=1&from=-5&to=1e9`)).json()).toEqual([[expect.stringContaining("parquet")]]);
    for (const path of ["rows?table=9", "rows?table=__proto__", "nothing", "trace", "profile"]) expect((await ask(`runs/${id}/${path}`)).status, path).toBe(404);
  });

  it.each(["out", "data/year/out"])("leaves what the project had as it was, and its output is the run's: %s", async (out) => {
    const program = `import { readCsv } from "@lockstep/runtime";
async function copy(out: string) {
  "use spmd";
  await (await readCsv<{ city: string; amount: number }>("sales.csv")).writeCsv(out, { mode: "overwrite" });
}
await copy(process.argv[2]!);
`;
    for (const ranks of [0, 2]) {
      let id = "";
      let last = "";
      for await (const { run, state, failed } of events(wanted(program, { ranks, arguments: [out] }))) {
        id = run ?? id;
        last = failed ?? state?.phase ?? last;
      }
      expect(last).toBe("SUCCEEDED");
      expect(await (await ask(`runs/${id}/tables`)).json()).toEqual([{ name: out, columns: ["city", "amount"], rows: 1 }]);
    }
    expect(readFileSync(join(folder, "project", out, "part-00000.csv"), "utf8")).toContain("kept");
  });
});

it("a run waits for the one before it, of another tab, and runs when that is stopped", async () => {
  const phases: string[] = [];
  let waiting: Promise<void> | undefined;
  let first = "";
  for await (const { run, output, state } of events(wanted("console.log('begun'); for (;;);"))) {
    first = run ?? first;
    if (state) phases.push(`first ${state.phase}`);
    if (!output) continue;
    waiting = (async () => {
      for await (const event of events(wanted("export default 1;"))) {
        if (!event.state) continue;
        phases.push(`second ${event.state.phase}`);
        if (event.state.phase === "QUEUED") await ask(`runs/${first}`, { method: "DELETE" });
      }
    })();
  }
  await waiting;
  expect(phases).toEqual(["first QUEUED", "first RUNNING", "second QUEUED", "first CANCELLED", "second RUNNING", "second SUCCEEDED"]);
});

it.each(["SIGTERM", "SIGHUP", "SIGKILL"] as const)("a server that is ended by %s leaves no program and no folder", async (signal) => {
  const own = mkdtempSync(join(folder, "killed-"));
  const killed = await servePlayground(join(folder, "project"), [], { TMPDIR: own });
  let pid = 0;
  await expect((async () => {
    for await (const { output } of events(wanted("console.log(process.pid); for (;;);", { ranks: 1 }), {}, killed)) {
      if (!output || pid !== 0) continue;
      pid = Number(output.text);
      await killed.end(signal);
    }
  })()).rejects.toThrow();
  await expect.poll(() => isAlive(pid)).toBe(false);
  await expect.poll(() => readdirSync(own).filter((name) => name.startsWith("lockstep-"))).toEqual([]);
});

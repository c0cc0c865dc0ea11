// README, "In your project", as written: its commands and files in an empty folder.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { commands, files } from "./readme.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-own-"));
const project = join(folder, "project");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, cwd: string): string {
  const PATH = `${join(root, "node_modules/.bin")}:${process.env.PATH}`;
  const { VITEST: _, ...environment } = process.env;
  return execFileSync("sh", ["-c", command.replaceAll("/tmp", folder)], { cwd, encoding: "utf8", env: { ...environment, PATH }, stdio: ["ignore", "pipe", "pipe"] });
}

it("installs, builds and runs", () => {
  const [pack, install, build, ranks, plain] = commands;
  run(pack!, root);
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(project, "sales.csv"), "city,amount\nBonn,3\nAachen,4\nBonn,5\nAachen,-1\n");
  // The other configurations are those that bundlers.test.ts builds with.
  for (const name of ["vite.config.ts", "src/job.ts", "tsconfig.json"]) {
    mkdirSync(dirname(join(project, name)), { recursive: true });
    writeFileSync(join(project, name), files.get(name)!);
  }
  run(`${install} --no-audit --no-fund`, project);
  // The playground builds by the Vite that is there.
  expect(run("npm ls vite --all --parseable", project).trim().split("\n")).toEqual([join(project, "node_modules/vite")]);
  expect(run(build!, project)).toMatch(/1 function compiled/);
  expect(run("npx lockstep explain LS1101", project)).toMatch(/^# LS1101: No such column\n[^]*Right:/);
  const expected = "[ { city: 'Bonn', n: 2, total: 8 }, { city: 'Aachen', n: 1, total: 4 } ]\n";
  expect([plain!, ranks!].map((command) => run(command, project).replaceAll(/\s+/g, " "))).toEqual([expected, expected].map((text) => text.replaceAll(/\s+/g, " ")));
});

it("has the playground, which opens its file and runs it", async () => {
  const { VITEST: _, ...environment } = process.env;
  const server = spawn(process.execPath, [join(project, "node_modules/@lockstep/runtime/bin/lockstep.mjs"), "playground"], { cwd: project, env: environment, stdio: ["ignore", "pipe", "inherit"] });
  try {
    const address = await new Promise<URL>((resolve) => {
      let printed = "";
      server.stdout.on("data", (text: Buffer) => {
        printed += text.toString();
        const [found] = /http\S+(?=\n)/.exec(printed) ?? [];
        if (found) resolve(new URL(found));
      });
    });
    const ask = (path: string, body?: unknown) =>
      fetch(new URL(path, address.origin), { headers: { authorization: `Bearer ${address.searchParams.get("token")}` }, ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }) });
    expect(await (await fetch(address)).text()).toContain("<title>Lockstep playground</title>");
    const { entry, files } = (await (await ask("/api/project")).json()) as { entry: string; files: object };
    expect(entry).toBe("src/job.ts");
    const events = await (await ask("/api/runs", { files, entry, arguments: ["sales.csv"], ranks: 2, example: null, options: {} })).text();
    expect(events).toContain("n: 2, total: 8");
    expect(events).toContain('"SUCCEEDED"');
    // The first example of the menu, whose data are not in the repository.
    const example = join(project, "node_modules/@lockstep/playground/examples/monthly-trips");
    const sources = Object.fromEntries(readdirSync(join(example, "src")).map((name) => [`src/${name}`, readFileSync(join(example, "src", name), "utf8")]));
    const { lockstep } = JSON.parse(readFileSync(join(example, "package.json"), "utf8")) as { lockstep: { arguments: string[] } };
    const trips = await (await ask("/api/runs", { files: sources, entry: "src/job.ts", arguments: lockstep.arguments, ranks: 2, example: "monthly-trips", options: {} })).text();
    expect(trips).toContain('"SUCCEEDED"');
  } finally {
    server.kill();
  }
});

import { execFile } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import rolldownPlugin from "@lockstep/plugin-vite/rolldown";
import esbuildPlugin from "@lockstep/plugin-vite/esbuild";
import vitePlugin from "@lockstep/plugin-vite";
import { build as esbuild, context, type BuildOptions, type Message } from "esbuild";
import { rolldown } from "rolldown";
import { build as viteBuild, type InlineConfig } from "vite";
import { describe, expect, it, vi } from "vitest";
import { root } from "../../scripts/lib.mjs";
import { counting, Project } from "./project.ts";

interface Manifest {
  chunks: Record<string, { hash: string; functions: string[]; programs: string[] }>;
  functions: { id: string }[];
}

function vite(project: Project, build: InlineConfig["build"], plugins = [vitePlugin({ report: false })]): Promise<unknown> {
  return viteBuild({ root: project.path, configFile: false, logLevel: "silent", plugins, build: build! });
}

async function bundle(project: Project, options: BuildOptions): ReturnType<typeof esbuild> {
  return esbuild({ absWorkingDir: project.path, bundle: true, platform: "node", outdir: "dist", logLevel: "silent", plugins: [esbuildPlugin({ report: false })], ...options });
}

const manifestIn = (project: Project, folder = "dist") => JSON.parse(project.read(`${folder}/lockstep.manifest.json`)) as Manifest;

describe("a build without annotated functions", () => {
  const files = { "src/job.ts": 'import { x } from "./x.ts";\nconsole.log(x, "user spm");\n', "src/x.ts": "export const x: number = 1;\n" };

  it("is byte for byte what it is without the plugin", async () => {
    using project = new Project(files);
    await vite(project, { ssr: "src/job.ts", outDir: "with" });
    await vite(project, { ssr: "src/job.ts", outDir: "without", rolldownOptions: { output: { entryFileNames: "[name].mjs" } } }, []);
    expect(project.list("with")).toEqual(project.list("without"));
    for (const file of project.list("with")) expect(project.read(`with/${file}`)).toBe(project.read(`without/${file}`));
    await bundle(project, { entryPoints: ["src/job.ts"], outdir: "with" });
    await bundle(project, { entryPoints: ["src/job.ts"], outdir: "without", outExtension: { ".js": ".mjs" }, format: "esm", plugins: [] });
    for (const file of project.list("with")) expect(project.read(`with/${file}`)).toBe(project.read(`without/${file}`));
  });
});

it("leaves browser builds alone", async () => {
  using project = new Project({ "index.html": '<script type="module" src="/src/main.ts"></script>', "src/main.ts": 'document.title = String((() => { "use spmd"; return 1; })());\n' });
  await vite(project, { outDir: "with" });
  await vite(project, { outDir: "without" }, []);
  expect(project.list("with")).toEqual(project.list("without"));
  for (const file of project.list("with")) expect(project.read(`with/${file}`)).toBe(project.read(`without/${file}`));
  const refused = await bundle(project, { entryPoints: ["src/main.ts"], platform: "browser" }).then(() => [], ({ errors }: { errors: Message[] }) => errors);
  expect(refused.map(({ text }) => text)).toEqual(['"use spmd" is compiled for Node alone: set `platform: "node"` in the configuration; a bundle for browsers is made without this plugin']);
  project.write("src/main.ts", "document.title = String(1);\n");
  await bundle(project, { entryPoints: ["src/main.ts"], outdir: "with", platform: "browser" });
  await bundle(project, { entryPoints: ["src/main.ts"], outdir: "without", platform: "browser", plugins: [] });
  expect(project.read("with/main.js")).toBe(project.read("without/main.js"));
});

it("tells an error once, at the column an editor counts", async () => {
  using project = new Project({ "src/job.ts": counting("count").replace("d.a > 1", "d.aa > 1") });
  const { message } = await vite(project, { ssr: "src/job.ts" }).then(() => new Error("it was built"), (error: Error) => error);
  expect(message.match(/LS1101:/g)).toHaveLength(1);
  const lines = project.read("src/job.ts").split("\n");
  const line = lines.findIndex((text) => text.includes("d.aa"));
  expect(message).toContain(`at src/job.ts:${line + 1}:${lines[line]!.indexOf("aa") + 1}\n`);
});

it("strict: what gathers a table without a limit is an error", async () => {
  using project = new Project({ "src/job.ts": counting("count", "console.log((await readCsv<Row>(path)).array(\"a\"));") });
  const build = (options: { strict?: boolean }) => vite(project, { ssr: "src/job.ts" }, [vitePlugin({ report: false, ...options })]).then(() => null, (error: Error) => error.message);
  expect(await build({ strict: true })).toMatch(/LS1311: array\(\) brings all rows/);
  expect(await build({})).toBeNull();
});

it("LOCKSTEP_DEBUG=ir prints the program after every pass", async () => {
  using project = new Project({ "src/job.ts": counting("count") });
  const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  vi.stubEnv("LOCKSTEP_DEBUG", "time,ir");
  try {
    await vite(project, { ssr: "src/job.ts" });
    const text = written.mock.calls.map(([chunk]) => String(chunk)).join("");
    expect(text).toMatch(/── .*src\/job\.ts: parse\nfunction src\/job\.ts#count\n/);
    expect(text).toMatch(/: validate \(unchanged\)\n/);
  } finally {
    vi.unstubAllEnvs();
    written.mockRestore();
  }
});

it("a build of Vite's command prints a mistake without a stack", async () => {
  using project = new Project({
    "src/job.ts": counting("count").replace("d.a > 1", "d.aa > 1"),
    "vite.config.mjs": 'import lockstep from "@lockstep/plugin-vite";\nexport default { plugins: [lockstep()], build: { ssr: "src/job.ts" } };\n',
  });
  const command = [join(root, "node_modules/vite/bin/vite.js"), "build"];
  const { stderr } = await promisify(execFile)(process.execPath, command, { cwd: project.path }).then(() => expect.unreachable(), (error: { stderr: string }) => error);
  // Vite colours it where it takes CI for a terminal.
  expect(stripVTControlCharacters(stderr)).toMatch(/LS1101: The table has no column 'aa'[^]*\n  page: \S+\s*$/);
});

describe("annotated modules", () => {
  const files = {
    "src/job.ts": 'import { first } from "./a/count.ts";\nimport { second } from "./b/count.ts";\nconsole.log(await first("x"), await second("y"));\n',
    "src/a/count.ts": counting("first"),
    "src/b/count.ts": counting("second"),
  };
  const ids = ["src/a/count.ts#first", "src/b/count.ts#second"];

  it("of the same name do not collide", async () => {
    using project = new Project(files);
    await vite(project, { ssr: "src/job.ts", outDir: "vite" });
    await bundle(project, { entryPoints: ["src/job.ts"], outdir: "esbuild" });
    const rolled = await rolldown({ cwd: project.path, input: "src/job.ts", plugins: [rolldownPlugin({ root: project.path, report: false })] });
    await rolled.write({ dir: project.file("rolldown") });
    for (const folder of ["vite", "esbuild", "rolldown"]) {
      const { chunks, functions } = manifestIn(project, folder);
      expect(functions.map(({ id }) => id)).toEqual(ids);
      const code = Object.keys(chunks).map((chunk) => project.read(`${folder}/${chunk}`)).join("\n");
      for (const id of ids) expect(code).toContain(`"${id}"`);
      expect(Object.values(chunks).flatMap((chunk) => chunk.functions).sort()).toEqual(functions.map(({ id }) => id));
    }
  });

  it("of two builds into one folder are in one manifest", async () => {
    using project = new Project({ ...files, "src/other.ts": counting("other") });
    const both = ["src/a/count.ts#first", "src/b/count.ts#second", "src/other.ts#other"];
    const builds: Record<string, (entry: string) => Promise<unknown>> = {
      vite: (entry) => vite(project, { ssr: entry, outDir: "vite", emptyOutDir: false }),
      esbuild: (entry) => bundle(project, { entryPoints: [entry], outdir: "esbuild" }),
    };
    for (const [folder, build] of Object.entries(builds)) {
      for (const entry of ["src/job.ts", "src/other.ts", "src/job.ts"]) await build(entry);
      const { chunks, functions } = manifestIn(project, folder);
      expect(functions.map(({ id }) => id)).toEqual(both);
      expect(Object.values(chunks).flatMap((chunk) => chunk.functions).sort()).toEqual(functions.map(({ id }) => id));
      const code = Object.keys(chunks).map((chunk) => project.read(`${folder}/${chunk}`)).join("\n");
      for (const id of both) expect(code).toContain(`"${id}"`);
    }
  });

  it("of builds whose functions have names that begin alike, beside folders called like programs and a damaged manifest", async () => {
    using project = new Project({ "src/one.ts": counting("trips"), "src/two.ts": counting("trips").replaceAll("trips", "tripsOf"), "dist/chart.js/index.js": "", "dist/lockstep.manifest.json": "{" });
    const build = (entry: string) => bundle(project, { entryPoints: [entry] });
    for (const entry of ["src/one.ts", "src/two.ts", "src/one.ts"]) await build(entry);
    expect(manifestIn(project).chunks).toMatchObject({
      "one.spmd.mjs": { functions: ["src/one.ts#trips"], programs: ["one.mjs"] },
      "two.spmd.mjs": { functions: ["src/two.ts#tripsOf"], programs: ["two.mjs"] },
    });
    // What a program that is gone needed goes with the next build.
    rmSync(project.file("dist/two.mjs"));
    await build("src/one.ts");
    expect(Object.keys(manifestIn(project).chunks)).toEqual(["one.spmd.mjs"]);
  });

  it("are followed by a watching build", async () => {
    using project = new Project(files);
    const watcher = await context({ absWorkingDir: project.path, bundle: true, platform: "node", outdir: "dist", logLevel: "silent", entryPoints: ["src/job.ts"], plugins: [esbuildPlugin({ report: false })] });
    try {
      await watcher.rebuild();
      expect(manifestIn(project).functions.map(({ id }) => id)).toEqual(ids);
      project.write("src/job.ts", 'import { second } from "./b/count.ts";\nconsole.log(await second("y"));\n');
      project.write("src/b/count.ts", counting("second").replace("d.a > 1", "d.a > 77"));
      await watcher.rebuild();
      const { chunks, functions } = manifestIn(project);
      expect(functions.map(({ id }) => id)).toEqual(ids.slice(1));
      expect(Object.keys(chunks).map((chunk) => project.read(`dist/${chunk}`))).toEqual([expect.stringContaining("77")]);
    } finally {
      await watcher.dispose();
    }
  });

  it("take the addon along where that is asked for, and run with it", async () => {
    using project = new Project({ "src/job.ts": `${counting("count")}console.log(String(await count("data.csv")));\nconsole.log(process.env.LOCKSTEP_NATIVE);\n`, "data.csv": "a\n1\n2\n" });
    await vite(project, { ssr: "src/job.ts" }, [vitePlugin({ report: false, native: "copy" })]);
    const addon = `lockstep.${process.platform}-${process.arch}.node`;
    expect(project.list("dist")).toContain(addon);
    const { VITEST: _, ...env } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, [project.file("dist/job.mjs")], { cwd: project.path, env: { ...env, LOCKSTEP_RANKS: "1" } });
    expect(stdout).toBe(`1\n${project.file(`dist/${addon}`)}\n`);
  });

  it("give the same manifest and chunks each time", async () => {
    using project = new Project(files);
    await vite(project, { ssr: "src/job.ts", outDir: "one" });
    await vite(project, { ssr: "src/job.ts", outDir: "two" });
    for (const file of project.list("one")) expect(project.read(`one/${file}`)).toBe(project.read(`two/${file}`));
  });

  it("are found from entries in folders of their own, and in memory", async () => {
    using project = new Project({ ...files, "src/deep/other.ts": 'export { first } from "../a/count.ts";\n' });
    const { outputFiles } = await bundle(project, { entryPoints: ["src/job.ts", "src/deep/other.ts"], write: false, sourcemap: true });
    const text = (name: string) => outputFiles!.find(({ path }) => path === project.file(`dist/${name}`))!.text;
    expect(outputFiles!.map(({ path }) => path.slice(project.file("dist").length + 1)).filter((name) => !name.endsWith(".map")).sort()).toEqual([
      "a/count.spmd.mjs", "b/count.spmd.mjs", "deep/other.mjs", "job.mjs", "lockstep.manifest.json",
    ]);
    expect(text("job.mjs")).toContain('"./a/count.spmd.mjs"');
    expect(text("deep/other.mjs")).toContain('"../a/count.spmd.mjs"');
    expect(JSON.parse(text("a/count.spmd.mjs.map"))).toMatchObject({ sources: ["../../src/a/count.ts"] });
  });
});

describe("mistakes", () => {
  const wrong = "const rows = (await readCsv<Row>(path)).filter((d) => d.aa > 1); await rows.numRows();";
  const files = {
    "src/job.ts": 'import "./one.ts";\nimport "./two.ts";\n',
    "src/one.ts": counting("one", wrong),
    "src/two.ts": counting("two", wrong),
  };

  it.each([
    ["Vite", 59, (project: Project) => vite(project, { ssr: "src/job.ts" })],
    // esbuild counts columns from 0, in its own errors too.
    ["esbuild", 58, (project: Project) => bundle(project, { entryPoints: ["src/job.ts"] })],
  ])("of all modules are reported in one build by %s", async (_, column, build) => {
    using project = new Project(files);
    const { message } = (await build(project).then(() => undefined, (error: unknown) => error)) as Error;
    expect(message).toMatch(new RegExp(`src/one\\.ts:5:${column}[^]*src/two\\.ts:5:${column}`));
    expect(message.match(/LS1\d{3}/g)!.length).toBeGreaterThanOrEqual(2);
    expect(message.match(/aa/g)!.length).toBeGreaterThanOrEqual(2);
    expect(message).not.toMatch(/at .*plugin-vite\/dist/);
  });

  it("are shown by esbuild in their line, with what follows of it", async () => {
    using project = new Project({ "src/job.ts": counting("count", wrong.replace("d.aa > 1", "'é' !== 'e' && d.aa > 1")) });
    const { errors } = (await bundle(project, { entryPoints: ["src/job.ts"] }).then(() => undefined, (error: unknown) => error)) as { errors: Message[] };
    const [{ text, location, notes }] = errors as [Message];
    expect(text).toBe("LS1101: The table has no column 'aa'; did you mean 'a'?");
    const line = project.read("src/job.ts").split("\n")[4]!;
    expect(location).toMatchObject({ file: "src/job.ts", line: 5, lineText: line, column: Buffer.byteLength(line.slice(0, line.indexOf("aa"))), length: 2 });
    expect(notes.map((note) => note.text)).toEqual(["because its columns are a", "fix: write 'a'", expect.stringMatching(/^page: .*LS1101\.md$/)]);
  });

  it("in the directive itself are found", async () => {
    using project = new Project({ "src/job.ts": counting("count").replace("use spmd", "use smpd") });
    await expect(vite(project, { ssr: "src/job.ts" })).rejects.toThrow(/use spmd/);
  });

  it("in esbuild's options are named", async () => {
    using project = new Project({ "src/job.ts": counting("count") });
    await expect(bundle(project, { entryPoints: ["src/job.ts"], format: "cjs" })).rejects.toThrow('format: "esm"');
  });
});

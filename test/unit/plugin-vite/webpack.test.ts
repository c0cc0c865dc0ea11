// webpack and Rspack take the same plugin, and the same tests.
import { execFile } from "node:child_process";
import { promisify, stripVTControlCharacters } from "node:util";
import rspackPlugin from "@lockstep/plugin-vite/rspack";
import webpackPlugin from "@lockstep/plugin-vite/webpack";
import { rspack } from "@rspack/core";
import webpack from "webpack";
import { describe, expect, it } from "vitest";
import { counting, Project } from "./project.ts";

interface Manifest {
  chunks: Record<string, { hash: string; functions: string[]; programs: string[] }>;
  functions: { id: string }[];
}

type Configuration = webpack.Configuration;

const bundlers = {
  webpack: { make: webpack, plugin: webpackPlugin as (options?: object) => object, typescript: { loader: "esbuild-loader", options: { target: "es2024" } } },
  rspack: { make: rspack as unknown as typeof webpack, plugin: rspackPlugin as (options?: object) => object, typescript: { loader: "builtin:swc-loader", options: { jsc: { parser: { syntax: "typescript" } } } } },
};

const manifestIn = (project: Project, folder = "dist") => JSON.parse(project.read(`${folder}/lockstep.manifest.json`)) as Manifest;

describe.each(Object.keys(bundlers) as (keyof typeof bundlers)[])("%s", (name) => {
  const { make, plugin, typescript } = bundlers[name];

  function compiler(project: Project, entry: Configuration["entry"], options: Configuration = {}): webpack.Compiler {
    const { output, ...others } = options;
    return make({
      context: project.path,
      entry: entry!,
      target: "node",
      mode: "development",
      devtool: false,
      module: { rules: [{ test: /\.ts$/, ...typescript }] },
      output: { path: project.file("dist"), ...output },
      plugins: [plugin({ report: false }) as webpack.WebpackPluginInstance],
      ...others,
    })!;
  }

  const run = (made: webpack.Compiler) =>
    new Promise<{ errors: string[]; warnings: string[] }>((done, fail) => {
      made.run((error, stats) => {
        if (error) return fail(error);
        const { errors = [], warnings = [] } = stats!.toJson({ all: false, errors: true, warnings: true });
        // Rspack colours its messages wherever the environment asks for colours (as vitest does for its workers).
        const texts = (messages: { message: string }[]) => messages.map(({ message }) => stripVTControlCharacters(message));
        made.close(() => done({ errors: texts(errors), warnings: texts(warnings) }));
      });
    });

  const build = (project: Project, entry: Configuration["entry"], options?: Configuration) => run(compiler(project, entry, options));

  const files = {
    "src/job.ts": 'import { first } from "./a/count.ts";\nimport { second } from "./b/count.ts";\nconsole.log(await first("x"), await second("y"));\n',
    "src/a/count.ts": counting("first"),
    "src/b/count.ts": counting("second"),
  };
  const overPackage = {
    "node_modules/over/package.json": '{ "name": "over", "type": "module", "exports": "./index.js" }',
    "node_modules/over/index.js": "export const over = (n) => [n].flat()[0] > 1;\n",
  };
  const ids = ["src/a/count.ts#first", "src/b/count.ts#second"];

  it("gives each annotated module a chunk of its own, found from any folder", async () => {
    using project = new Project(files);
    expect(await build(project, { "deep/job": "./src/job.ts" })).toEqual({ errors: [], warnings: [] });
    const { chunks, functions } = manifestIn(project);
    expect(functions.map(({ id }) => id)).toEqual(ids);
    expect(Object.values(chunks).flatMap((chunk) => chunk.functions).sort()).toEqual(functions.map(({ id }) => id));
    expect(Object.keys(chunks)).toHaveLength(2);
    for (const chunk of Object.keys(chunks)) expect(project.read("dist/deep/job.mjs")).toContain(`"../${chunk}"`);
    const code = Object.keys(chunks).map((chunk) => project.read(`dist/${chunk}`)).join("\n");
    for (const id of ids) expect(code).toContain(`"${id}"`);
    // As the compiler wrote it.
    expect(code).toMatch(/^ +\/\/ \d+: readCsv/m);
  });

  it("bundles what a rank module imports, and runs it", async () => {
    using project = new Project({
      "data.csv": "a\n1\n2\n3\n",
      ...overPackage,
      "src/job.ts": `import { over } from "over";\n${counting("count").replace("(d) => d.a > 1", "(d): boolean => over(d.a)")}\nconsole.log("top level", await count("data.csv"));\n`,
    });
    expect(await build(project, "./src/job.ts", { mode: "production", devtool: "source-map" })).toEqual({ errors: [], warnings: [] });
    const [chunk] = Object.keys(manifestIn(project).chunks);
    expect(project.read(`dist/${chunk}`)).toContain("flat()");
    expect(project.read(`dist/${chunk}`)).not.toContain("top level");
    const { VITEST: _, ...env } = process.env;
    const { stdout } = await promisify(execFile)(process.execPath, [project.file("dist/main.mjs")], { cwd: project.path, env: { ...env, LOCKSTEP_RANKS: "2" } });
    expect(stdout).toBe("top level 2\n");
  });

  it("maps the rank chunk to the source", async () => {
    const body = 'if ((await readCsv<Row>(path)).numRows() > 1)\n    throw new Error("on line 6");';
    const over = 'import { over } from "over";';
    using project = new Project({
      "data.csv": "a\n1\n2\n",
      ...overPackage,
      "src/job.ts": `${over} ${counting("count", body).replace("(d) => d.a > 1", "(d): boolean => over(d.a)")}await count("data.csv");\n`,
    });
    expect(await build(project, "./src/job.ts", { devtool: "source-map" })).toEqual({ errors: [], warnings: [] });
    const { VITEST: _, ...env } = process.env;
    const failed = (await promisify(execFile)(process.execPath, ["--enable-source-maps", project.file("dist/main.mjs")], { cwd: project.path, env: { ...env, LOCKSTEP_RANKS: "2" } }).catch((error: unknown) => error)) as { stderr: string };
    expect(failed.stderr).toMatch(/Error: on line 6\n +at .*src\/job\.ts:6:11/);
  });

  it("builds again from its cache", async () => {
    using project = new Project(files);
    const cache = { type: "filesystem", cacheDirectory: project.file("cache") } as const;
    const options: Configuration = name === "webpack" ? { cache } : ({ cache: { type: "persistent", storage: { type: "filesystem", directory: project.file("cache") } } } as never);
    await build(project, "./src/job.ts", options);
    const first = manifestIn(project);
    await build(project, "./src/job.ts", options);
    expect(manifestIn(project)).toEqual(first);
    project.write("src/job.ts", 'import { second } from "./b/count.ts";\nconsole.log(await second("y"));\n');
    await build(project, "./src/job.ts", options);
    expect(manifestIn(project).functions.map(({ id }) => id)).toEqual(ids.slice(1));
  });

  it("is followed by a watching build", async () => {
    using project = new Project(files);
    const made = compiler(project, "./src/job.ts");
    let built = Promise.withResolvers<void>();
    const watching = made.watch({ aggregateTimeout: 50 }, () => built.resolve())!;
    try {
      await built.promise;
      expect(manifestIn(project).functions.map(({ id }) => id)).toEqual(ids);
      built = Promise.withResolvers<void>();
      project.write("src/b/count.ts", counting("second").replace("d.a > 1", "d.a > 77"));
      await built.promise;
      const { chunks, functions } = manifestIn(project);
      expect(functions.map(({ id }) => id)).toEqual(ids);
      expect(Object.keys(chunks).map((chunk) => project.read(`dist/${chunk}`)).filter((code) => code.includes("77"))).toHaveLength(1);
    } finally {
      await new Promise((done) => watching.close(done));
    }
  });

  it("tells all mistakes in one build", async () => {
    const wrong = "const rows = (await readCsv<Row>(path)).filter((d) => d.aa > 1); await rows.numRows();";
    using project = new Project({ "src/job.ts": 'import "./one.ts";\nimport "./two.ts";\n', "src/one.ts": counting("one", wrong), "src/two.ts": counting("two", wrong) });
    const { errors } = await build(project, "./src/job.ts");
    expect(errors).toHaveLength(2);
    expect(errors.join("\n")).toMatch(/LS1101[^]*src\/one\.ts:5:59[^]*did you mean 'a'|src\/two\.ts:5:59/);
    expect(errors.join("\n")).toMatch(/src\/two\.ts:5:59/);
  });

  it("refuses annotated functions in a bundle for browsers, which is what it makes where no target is set", async () => {
    using project = new Project(files);
    for (const target of [{ target: "web" }, { target: undefined }]) {
      const { errors, warnings } = await build(project, "./src/job.ts", target as Configuration);
      expect(warnings).toEqual([]);
      expect(errors).toHaveLength(2);
      for (const error of errors) expect(error).toMatch(/"use spmd" is compiled for Node alone: set `target: "node"` in the configuration; a bundle for browsers is made without this plugin\s*$/);
    }
  });

  it("leaves other bundles for browsers alone", async () => {
    using project = new Project({ "src/main.ts": "document.title = String(1);\n" });
    await build(project, "./src/main.ts", { target: "web", output: { path: project.file("with") } });
    await build(project, "./src/main.ts", { target: "web", output: { path: project.file("without") }, plugins: [] });
    expect(project.list("with")).toEqual(project.list("without"));
    for (const file of project.list("with")) expect(project.read(`with/${file}`)).toBe(project.read(`without/${file}`));
  });

  it("names options that ranks cannot work with", async () => {
    using project = new Project(files);
    const { errors } = await build(project, "./src/job.ts", { output: { library: { type: "commonjs" } } });
    expect(errors).toEqual([expect.stringContaining("ranks load ES modules")]);
  });
});

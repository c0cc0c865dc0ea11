/**
 * What bundlers put in the place of names (`define`, DefinePlugin, Vite's files of variables): on ranks it is as in the program around them, and what of it
 * is a secret stops the build, with the line, and stands in no message and no file.
 */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { table } from "@lockstep/runtime";
import { afterAll, describe, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";

const run = promisify(execFile);
// In the checkout, so that it finds the packages.
const scratch = join(root, `.lockstep-defined-${process.pid}`);
const { VITEST: _, NODE_TEST_CONTEXT: __, ...inherited } = process.env;
const env = { ...inherited, NODE_NO_WARNINGS: "1", LOCKSTEP_MEMORY: "256MB", PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` };
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

type Names = Readonly<Record<string, string>>;
const esbuildConfig = (defined: Names): string => `import lockstep from "@lockstep/plugin-vite/esbuild";
import { build } from "esbuild";
await build({ entryPoints: ["src/job.ts"], outdir: "dist", bundle: true, format: "esm", platform: "node", sourcemap: true, logLevel: "info", plugins: [lockstep()], define: ${JSON.stringify(defined)} });`;
const packed = (bundler: string, defines: string): string => `import lockstep from "@lockstep/plugin-vite/${bundler === "@rspack/core" ? "rspack" : "webpack"}";
import * as all from ${JSON.stringify(bundler)};
const { DefinePlugin, EnvironmentPlugin } = all.default ?? all;
const loader = ${bundler === "@rspack/core" ? '{ loader: "builtin:swc-loader", options: { jsc: { parser: { syntax: "typescript" }, target: "es2024" } } }' : '{ loader: "esbuild-loader", options: { target: "es2024" } }'};
export default { entry: { job: "./src/job.ts" }, target: "node", mode: "production", devtool: "source-map", optimization: { minimize: false }, module: { rules: [{ test: /\\.ts$/, ...loader }] }, plugins: [lockstep(), ${defines}] };`;

/** Each says the same names in its own way. */
const bundlers: Readonly<Record<string, { readonly command: readonly string[]; readonly config: string; readonly text: (defined: Names) => string }>> = {
  vite: { command: ["vite", "build"], config: "vite.config.ts", text: (defined) => `import lockstep from "@lockstep/plugin-vite";\nexport default { plugins: [lockstep()], build: { ssr: "src/job.ts", sourcemap: true }, define: ${JSON.stringify(defined)} };` },
  esbuild: { command: ["node", "esbuild.config.mjs"], config: "esbuild.config.mjs", text: esbuildConfig },
  rolldown: {
    command: ["rolldown", "-c", "rolldown.config.mjs"], config: "rolldown.config.mjs",
    text: (defined) => `import lockstep from "@lockstep/plugin-vite/rolldown";\nexport default { input: "src/job.ts", platform: "node", plugins: [lockstep()], transform: { define: ${JSON.stringify(defined)} }, output: { dir: "dist", format: "esm", sourcemap: true, entryFileNames: "[name].mjs" } };`,
  },
  webpack: { command: ["webpack", "build"], config: "webpack.config.mjs", text: (defined) => packed("webpack", `new DefinePlugin(${JSON.stringify(defined)})`) },
  rspack: { command: ["rspack", "build"], config: "rspack.config.mjs", text: (defined) => packed("@rspack/core", `new DefinePlugin(${JSON.stringify(defined)})`) },
};

const program = (body: string): string => `import { readParquet } from "@lockstep/runtime";
declare const __LIMIT__: number;
declare const __DATABASE__: string;
declare const __CONFIG__: { api: { token: string; url: string } };
export async function job(path: string, more: string) {
  "use spmd";
  const rows = await readParquet<{ id: number }>(path);
  const few = rows.filter((d) => d.id < __LIMIT__);
  ${body}
}
console.log(JSON.stringify(await job("rows", process.argv[2] ?? "")));
`;

function makeProject(name: string, body: string, defined: Names): { readonly folder: string; build(): Promise<{ code: number; said: string }> } {
  const { command: [command, ...args], config, text } = bundlers[name.replace(/-.*/, "")]!;
  const folder = join(scratch, name);
  mkdirSync(join(folder, "src"), { recursive: true });
  cpSync(join(root, "test/bundlers/project/package.json"), join(folder, "package.json"));
  writeFileSync(join(folder, config), text(defined));
  writeFileSync(join(folder, "src/job.ts"), program(body));
  return {
    folder,
    build: () => run(command!, args, { cwd: folder, env }).then(({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }), (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, said: error.stdout + error.stderr })),
  };
}

const secret = "planted-Word+4711";
describe.each(Object.keys(bundlers))("%s", (name) => {
  it("ranks have what stands in the place of names", async () => {
    const body = "return [few.numRows(), process.env.FLAVOUR, more];";
    const { folder, build } = makeProject(name, body, { __LIMIT__: "4", "process.env.FLAVOUR": '"sweet"' });
    await table({ id: [1, 2, 3, 4, 5] }).writeParquet(join(folder, "rows"));
    expect(await build()).toMatchObject({ code: 0 });
    for (const ranks of ["1", "3"]) {
      const { stdout } = await run("lockstep", ["run", "-n", ranks, "dist/job.mjs", "x"], { cwd: folder, env: { ...env, FLAVOUR: "of the run" } });
      expect(stdout).toBe('[3,"sweet","x"]\n');
    }
  });

  it("a secret among it stops the build", async () => {
    const body = ["const all = await readParquet<{ id: number }>(__DATABASE__);", "return [few.numRows(), all.numRows(), more, process.env.GATE_TOKEN, __CONFIG__.api.url, __CONFIG__.api.token];"].join("\n  ");
    const defined = { __LIMIT__: "4", __DATABASE__: JSON.stringify(`s3://key:${secret}@lake/rows`), "process.env.GATE_TOKEN": JSON.stringify(secret), __CONFIG__: JSON.stringify({ api: { token: secret, url: "https://host" } }) };
    const { folder, build } = makeProject(`${name}-secret`, body, defined);
    const { code, said } = await build();
    expect(code).toBeGreaterThan(0);
    const texts = [
      "The bundler puts a secret in the place of '__DATABASE__'", "its value is a URL with a password", "take '__DATABASE__' out of what the bundler defines, and read it from process.env when the program runs; readers and writers look at AWS_ACCESS_KEY_ID",
      "The bundler puts a secret in the place of 'process.env.GATE_TOKEN'", "its name says so", "read process.env.GATE_TOKEN when the program runs",
      "The bundler puts a secret in the place of '__CONFIG__.api.token'",
    ];
    for (const text of texts) expect(said).toContain(text);
    expect(said).toMatch(/job\.ts[:(]?9:/);
    expect(said).not.toContain("'__CONFIG__.api.url'");
    expect(said).not.toContain("4711");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.startsWith("dist/") && /\.\w+$/.test(file));
    for (const file of files) expect(readFileSync(join(folder, file), "utf8"), file).not.toContain("4711");
  });
});

it("a variable of Vite's files, one of webpack's EnvironmentPlugin, and one that has another's value", async () => {
  const vite = makeProject("vite-files", "return [few.numRows(), import.meta.env.VITE_API_TOKEN, import.meta.env.VITE_FLAVOUR, more];", { __LIMIT__: "4" });
  writeFileSync(join(vite.folder, ".env"), `VITE_API_TOKEN=${secret}\nVITE_FLAVOUR=sweet\n`);
  const webpack = makeProject("webpack-environment", "return [few.numRows(), process.env.PGPASSWORD, __DATABASE__, more];", {});
  writeFileSync(join(webpack.folder, "webpack.config.mjs"), packed("webpack", `new EnvironmentPlugin(["PGPASSWORD"]), new DefinePlugin({ __LIMIT__: "4", __DATABASE__: JSON.stringify(process.env.PGPASSWORD) })`));
  Object.assign(env, { PGPASSWORD: secret });
  for (const [{ build }, told] of [[vite, ["import.meta.env.VITE_API_TOKEN"]], [webpack, ["process.env.PGPASSWORD", "__DATABASE__"]]] as const) {
    const { code, said } = await build();
    expect(code).toBeGreaterThan(0);
    expect([...said.matchAll(/in the place of '([\w.]+)'/g)].map(([, name]) => name)).toEqual(expect.arrayContaining([...told]));
    expect(said).not.toMatch(/4711|'import\.meta\.env\.VITE_FLAVOUR'/);
    if (told.length > 1) expect(said).toContain("its value is that of PGPASSWORD in the environment of this build");
  }
});

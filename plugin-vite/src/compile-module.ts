import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve as resolvePath } from "node:path";
import { loadCompiler, type CompileResult, type InlinedSecret } from "./compiler.ts";
import { rankModuleId } from "./bundle/rank-module.ts";

/** What an adapter's bundler does for the compiler. */
export interface Host {
  readonly root: string;
  readonly strict: boolean;
  /** What the bundler puts in the place of names. */
  readonly defined: Readonly<Record<string, string>>;
  /** The bundler's own resolution, aliases and all; null where it finds nothing or a package. */
  resolve(specifier: string, importer: string): Promise<string | null>;
  watch(file: string): void;
}

/** The secrets among what is defined, looked for once a build. */
const found = new WeakMap<Host["defined"], readonly InlinedSecret[]>();

/** Compiles one module, reading the imports the compiler asks for. */
export async function compileModule(source: string, id: string, host: Host): Promise<CompileResult> {
  const { compile, printStages, secretsAmong } = await loadCompiler();
  const inlined = found.get(host.defined) ?? secretsAmong(host.defined, process.env);
  found.set(host.defined, inlined);
  // The same in every adapter: the program after every pass, checked.
  const check = (process.env.LOCKSTEP_DEBUG ?? "").split(",").includes("ir");
  const modules: Record<string, { id: string; code: string } | null> = {};
  for (;;) {
    const result = compile(source, { id, root: host.root, modules, rankModuleId: rankModuleId(id), strict: host.strict, inlined, check });
    const missing = result.needs.filter((need) => !(need in modules));
    if (missing.length === 0) {
      if (check) process.stderr.write(printStages(id, result.stages));
      return located(result, host.root);
    }
    for (const need of missing) modules[need] = await read(need, host);
  }
}

/** Source maps name files relative to the root; bundlers take a relative one as beside the module. */
function located(result: CompileResult, root: string): CompileResult {
  const absolute = <G extends { readonly map: { readonly sources: readonly (string | null)[] } | null }>(generated: G): G =>
    generated.map ? { ...generated, map: { ...generated.map, sources: generated.map.sources.map((source) => source && resolvePath(root, source)) } } : generated;
  return { ...absolute(result), rankModule: result.rankModule && absolute(result.rankModule) };
}

/** The module behind `"<importer>\0<specifier>"`, or null: packages are not read. */
async function read(need: string, host: Host): Promise<{ id: string; code: string } | null> {
  const [importer = "", specifier = ""] = need.split("\0");
  const found = (await host.resolve(specifier, importer).catch(() => null)) ?? besideImporter(specifier, importer);
  const file = found?.replace(/[?#].*$/, "");
  if (!file || /[\\/]node_modules[\\/]/.test(file) || !existsSync(file)) return null;
  host.watch(file);
  return { id: file, code: await readFile(file, "utf8") };
}

/** Rollup knows no TypeScript: what its resolver misses stands beside the importer under one of these names. */
function besideImporter(specifier: string, importer: string): string | null {
  if (!/^\.{0,2}\//.test(specifier)) return null;
  const base = resolvePath(dirname(importer), specifier);
  const names = [base, ...[".ts", ".mts", ".tsx", ".js", ".mjs", "/index.ts", "/index.js"].map((end) => base + end), base.replace(/\.(m?)js$/, ".$1ts")];
  return names.find((name) => existsSync(name) && statSync(name).isFile()) ?? null;
}

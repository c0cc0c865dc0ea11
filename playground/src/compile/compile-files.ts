/** The plugin's `compile()` over files in memory: the same calls as the bundler adapters make over files on disk. */
import { compile } from "@lockstep/plugin-babel/compile";
import type { CompilerOptions, CompileResult, Files } from "./protocol.ts";

/** The order in which the adapters try names, so that the same module is found. */
const ENDINGS = ["", ".ts", ".mts", ".tsx", ".js", ".mjs", "/index.ts", "/index.js"];

export function compileFiles(files: Files, main: string, options: CompilerOptions): CompileResult {
  const modules: Record<string, { id: string; code: string } | null> = {};
  for (;;) {
    const result = compile(files[main] ?? "", { root: "/", ...options, id: `/${main}`, modules });
    const missing = result.needs.filter((need) => !(need in modules));
    if (missing.length === 0) return result;
    for (const need of missing) modules[need] = findModule(need, files);
  }
}

/** The module behind `"<importer id>\0<specifier>"`; null for packages and for files that are not there. */
function findModule(need: string, files: Files): { id: string; code: string } | null {
  const [importer = "", specifier = ""] = need.split("\0");
  if (!/^\.{0,2}\//.test(specifier)) return null;
  const base = new URL(specifier, `file://${importer}`).pathname.slice(1);
  const candidates = [...ENDINGS.map((ending) => base + ending), base.replace(/\.(m?)js$/, ".$1ts")];
  const path = candidates.find((name) => Object.hasOwn(files, name));
  return path === undefined ? null : { id: `/${path}`, code: files[path]! };
}

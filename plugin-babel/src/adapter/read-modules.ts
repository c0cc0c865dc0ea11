/** Compiles a file and brings the imports the compiler asks for, from disk. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { compile, type CompileOptions, type CompileResult } from "../compile.ts";
import type { GivenModule } from "../source/modules.ts";

const EXTENSIONS = ["", ".ts", ".mts", ".tsx", ".js", ".mjs", "/index.ts", "/index.js"];

export function compileFile(source: string, options: CompileOptions): CompileResult {
  const modules: Record<string, GivenModule | null> = { ...options.modules };
  for (;;) {
    const result = compile(source, { ...options, modules });
    const missing = result.needs.filter((need) => !(need in modules));
    if (missing.length === 0) return result;
    for (const need of missing) modules[need] = readModule(need);
  }
}

/** Null for packages and for files that are not there. */
function readModule(need: string): GivenModule | null {
  const [importer = "", specifier = ""] = need.split("\0");
  if (!/^\.{0,2}\//.test(specifier)) return null;
  const base = resolve(dirname(importer), specifier);
  const candidates = [...EXTENSIONS.map((e) => base + e), base.replace(/\.(m?)js$/, ".$1ts")];
  const id = candidates.find((name) => existsSync(name) && statSync(name).isFile());
  return id === undefined ? null : { id, code: readFileSync(id, "utf8") };
}

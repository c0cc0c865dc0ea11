/** Where @babel/cli will put a file's output, and what goes beside it: the rank module and the manifest. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import type { CompileResult } from "../compile.ts";

export interface OutputOptions {
  /** The folder of the outputs; by default what @babel/cli was told. */
  readonly outDir?: string;
  /** The output itself, for a build of one file. */
  readonly outFile?: string;
}

/** The path a source file's output will have; null when nobody said where. */
export function outputOf(file: string, options: OutputOptions, cwd: string, argv: readonly string[] = process.argv): string | null {
  const told = commandLine(argv);
  const outFile = options.outFile ?? told.outFile;
  if (outFile !== undefined) return resolve(cwd, outFile);
  const outDir = options.outDir ?? told.outDir;
  if (outDir === undefined) return null;
  const extension = told.extension ?? (extname(file).startsWith(".m") ? ".mjs" : ".js");
  // @babel/cli keeps the path below the input folder that it was given.
  const base = told.inputs.map((input) => resolve(cwd, input)).find((input) => file.startsWith(`${input}/`)) ?? dirname(file);
  return resolve(cwd, outDir, relative(base, file).replace(/\.[^.]+$/, extension));
}

function commandLine(argv: readonly string[]) {
  const value = (...names: string[]) => {
    const at = argv.findIndex((a) => names.includes(a.replace(/=.*/s, "")));
    return at < 0 ? undefined : argv[at]!.includes("=") ? argv[at]!.slice(argv[at]!.indexOf("=") + 1) : argv[at + 1];
  };
  return {
    outDir: value("-d", "--out-dir"),
    outFile: value("-o", "--out-file"),
    extension: value("--out-file-extension"),
    inputs: argv.slice(2).filter((a) => !a.startsWith("-")),
  };
}

/** `dist/job.js` → `job.spmd.mjs`, which stands beside it. */
export const rankModuleName = (output: string): string => `${basename(output).replace(/\.[^.]+$/, "")}.spmd.mjs`;

interface Manifest {
  version: 2;
  lockstep: string;
  chunks: Record<string, { hash: string; functions: string[]; programs: string[] }>;
  functions: { readonly id: string }[];
}

/** Writes the rank module, and the manifest with what earlier files of the build put there. */
export function writeBeside(output: string, result: CompileResult, version: string): void {
  if (!result.rankModule) return;
  const folder = dirname(output);
  mkdirSync(folder, { recursive: true });
  const name = rankModuleName(output);
  const code = `${withOutputExtensions(result.rankModule.code, extname(output))}//# sourceMappingURL=${name}.map\n`;
  writeFileSync(join(folder, name), code);
  writeFileSync(join(folder, `${name}.map`), JSON.stringify({ ...result.rankModule.map, file: name }));

  const path = join(folder, "lockstep.manifest.json");
  const kept = earlier(path, version);
  const ids = new Set(result.manifest.map((f) => f.id));
  const files = new Set(result.manifest.map((f) => f.file));
  const functions = [...(kept?.functions ?? []).filter((f) => !ids.has(f.id) && !files.has(f.id.replace(/#.*/s, ""))), ...result.manifest].sort((a, b) => (a.id < b.id ? -1 : 1));
  const chunk = { hash: createHash("sha256").update(code).digest("hex"), functions: [...ids], programs: [basename(output)] };
  const chunks = Object.fromEntries(Object.entries({ ...kept?.chunks, [name]: chunk }).sort(([a], [b]) => (a < b ? -1 : 1)));
  const manifest: Manifest = { version: 2, lockstep: version, chunks, functions };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** What was written for other files; null where there is none, another version wrote it, or it is damaged. */
function earlier(path: string, version: string): Manifest | null {
  try {
    const manifest = JSON.parse(readFileSync(path, "utf8")) as Manifest;
    return manifest.version === 2 && manifest.lockstep === version ? manifest : null;
  } catch {
    return null;
  }
}

/** Relative imports of TypeScript files, as their outputs are called. */
const withOutputExtensions = (code: string, extension: string): string =>
  code.replace(/^(import .* from "\.{1,2}\/[^"]*)\.[cm]?tsx?";$/gm, `$1${extension}";`);

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join, sep } from "node:path";
import type { ManifestFunction } from "../compiler.ts";

export const manifestName = "lockstep.manifest.json";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

interface Manifest {
  readonly version: 1;
  readonly lockstep: string;
  readonly rankChunks: readonly string[];
  readonly hashes: Readonly<Record<string, string>>;
  readonly functions: readonly ManifestFunction[];
}

/**
 * The text of `lockstep.manifest.json`: what launchers load and `lockstep explain` prints. Of other builds into the same folder it keeps
 * what their programs need. `outputs` are the files of this one, below the folder.
 */
export function manifestText(folder: string, outputs: Iterable<string>, rankChunks: ReadonlyMap<string, string>, functions: readonly ManifestFunction[]): string {
  const others = otherBuilds(folder, new Set([...outputs, ...rankChunks.keys()]), functions.map(({ id }) => id));
  const hashes = new Map([...rankChunks].map(([file, code]) => [file, hashOf(code)]));
  for (const [file, code] of others.chunks) hashes.set(file, hashOf(code));
  const files = [...hashes].sort(([a], [b]) => (a < b ? -1 : 1));
  const manifest: Manifest = {
    version: 1,
    lockstep: version,
    rankChunks: files.map(([file]) => file),
    hashes: Object.fromEntries(files),
    functions: [...others.functions, ...functions].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

const hashOf = (code: string): string => createHash("sha256").update(code).digest("hex");

/** The chunks in the folder's manifest that are as it says, that another program there imports, and that define none of these functions. */
function otherBuilds(folder: string, outputs: ReadonlySet<string>, ids: readonly string[]): { chunks: Map<string, string>; functions: readonly ManifestFunction[] } {
  const path = join(folder, manifestName);
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Manifest) : undefined;
  if (before?.version !== 1 || before.lockstep !== version) return { chunks: new Map(), functions: [] };
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll(sep, "/"));
  const programs = new Map(names.filter((name) => /\.m?js$/.test(name) && !outputs.has(name)).map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  const isNeeded = (file: string): boolean => [...programs.values()].some((code) => [`"`, `'`].some((quote) => code.includes(basename(file) + quote)));
  const isKept = (file: string, code: string): boolean => hashOf(code) === before.hashes[file] && isNeeded(file) && !ids.some((id) => code.includes(id));
  const chunks = new Map([...programs].filter(([file, code]) => isKept(file, code)));
  return { chunks, functions: before.functions.filter(({ id }) => [...chunks.values()].some((code) => code.includes(id))) };
}

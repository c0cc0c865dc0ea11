import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { ManifestFunction } from "../compiler.ts";

export const manifestName = "lockstep.manifest.json";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

/** A file that defines annotated functions. */
interface Chunk {
  /** SHA-256 of its text. */
  readonly hash: string;
  /** Ids of what it defines. */
  readonly functions: readonly string[];
  /** The outputs of the builds that made it, which import it. */
  readonly programs: readonly string[];
}

interface Manifest {
  readonly version: 2;
  readonly lockstep: string;
  /** By file, as all paths relative to the manifest. */
  readonly chunks: Readonly<Record<string, Chunk>>;
  readonly functions: readonly ManifestFunction[];
}

/**
 * The text of `lockstep.manifest.json`: what launchers load and `lockstep explain` prints. Of other builds into the same folder it keeps
 * what their programs need. `outputs` are the files of this one, below the folder; `rankChunks` the texts of those that define functions.
 */
export function manifestText(folder: string, outputs: Iterable<string>, rankChunks: ReadonlyMap<string, string>, functions: readonly ManifestFunction[]): string {
  const programs = [...outputs].filter((name) => /\.[cm]?js$/.test(name) && !rankChunks.has(name));
  const before = manifestIn(folder);
  const chunks = new Map(Object.entries(before?.chunks ?? {}).flatMap(([file, chunk]) => {
    const others = chunk.programs.filter((name) => !programs.includes(name) && existsSync(join(folder, name)));
    const isReplaced = rankChunks.has(file) || chunk.functions.some((id) => functions.some((own) => own.id === id));
    return others.length > 0 && !isReplaced && isAsWritten(join(folder, file), chunk) ? [[file, chunk] as const] : [];
  }));
  const kept = new Set([...chunks.values()].flatMap(({ functions: ids }) => ids));
  for (const [file, code] of rankChunks) {
    // Another build may have made the same file for its programs.
    const others = (before?.chunks[file]?.programs ?? []).filter((name) => existsSync(join(folder, name)));
    const ids = functions.map(({ id }) => id).filter((id) => [`"`, `'`, "`"].some((quote) => code.includes(quote + id + quote)));
    chunks.set(file, { hash: hashOf(code), functions: ids, programs: [...new Set([...programs, ...others])].sort() });
  }
  const manifest: Manifest = {
    version: 2,
    lockstep: version,
    chunks: Object.fromEntries([...chunks].sort(([a], [b]) => (a < b ? -1 : 1))),
    functions: [...(before?.functions ?? []).filter(({ id }) => kept.has(id)), ...functions].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

const hashOf = (code: string): string => createHash("sha256").update(code).digest("hex");
const isAsWritten = (path: string, { hash }: Chunk): boolean => existsSync(path) && hashOf(readFileSync(path, "utf8")) === hash;

/** What an earlier build of this version left; undefined where there is none, or it is damaged. */
function manifestIn(folder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, manifestName), "utf8")) as Manifest;
    return manifest.version === 2 && manifest.lockstep === version ? manifest : undefined;
  } catch {
    return undefined;
  }
}

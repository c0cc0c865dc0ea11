import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import type { ManifestFunction } from "../compiler.ts";

export const manifestName = "lockstep.manifest.json";

const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };

/** The text of `lockstep.manifest.json`: what launchers load and `lockstep explain` prints. */
export function manifestText(rankChunks: ReadonlyMap<string, string>, functions: readonly ManifestFunction[]): string {
  const files = [...rankChunks].sort(([a], [b]) => (a < b ? -1 : 1));
  const manifest = {
    version: 1,
    lockstep: version,
    rankChunks: files.map(([file]) => file),
    hashes: Object.fromEntries(files.map(([file, code]) => [file, createHash("sha256").update(code).digest("hex")])),
    functions: [...functions].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** The project's own source files, for checks over all of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../scripts/lib.mjs";

const SKIPPED = new Set(["node_modules", "dist", "target", ".git", ".lockstep"]);

export interface SourceFile {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
}

/** Files below `folder` whose names end as one of `endings`. */
export function sources(folder: string, endings: readonly string[]): SourceFile[] {
  const files: SourceFile[] = [];
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (SKIPPED.has(entry.name) || entry.name.startsWith(".lockstep") || entry.isSymbolicLink()) continue;
      if (entry.isDirectory()) visit(path);
      else if (endings.some((ending) => entry.name.endsWith(ending))) files.push({ path: relative(root, path), text: readFileSync(path, "utf8") });
    }
  };
  visit(join(root, folder));
  return files;
}

/** The modules a TypeScript file imports, types included. */
export function imports(file: SourceFile): string[] {
  return [...file.text.matchAll(/^\s*(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/gm)].map(
    (match) => match[1] ?? match[2] ?? "",
  );
}

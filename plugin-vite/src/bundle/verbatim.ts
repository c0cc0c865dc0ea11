import { dirname, relative } from "node:path";
import type { Generated } from "../compiler.ts";

/** A file of the output as it will be written. */
export interface PrintedFile {
  readonly code: string;
  readonly map: string;
}

/**
 * The rank module as the compiler wrote it, comments and all, for a chunk that holds nothing else: bundlers print
 * anew what they bundle, and this file is meant to be read. Undefined where the chunk exports other names.
 */
export function verbatim({ code, map }: Generated, exported: readonly string[], file: string): PrintedFile | undefined {
  const names = new Set(Array.from(code.matchAll(/^export (?:const|async function|function) ([\p{ID_Continue}$]+)/gmu), (match) => match[1]!));
  if (!exported.every((name) => names.has(name))) return undefined;
  const { sources, ...rest } = map as { sources: readonly string[] };
  return { code, map: JSON.stringify({ ...rest, sources: sources.map((source) => relative(dirname(file), source).replaceAll("\\", "/")) }) };
}

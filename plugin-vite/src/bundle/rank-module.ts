import { basename } from "node:path";

/** A source file's annotated functions are a module of their own: `src/job.ts?lockstep-rank`. */
const suffix = "?lockstep-rank";

export function rankModuleId(id: string): string {
  return `${id}${suffix}`;
}

/** The source file of a rank module's id. */
export function rankModuleSource(id: string): string | undefined {
  return id.endsWith(suffix) ? id.slice(0, -suffix.length) : undefined;
}

/** `src/job.ts` → `job.spmd`: the name of the chunk that ranks other than 0 load. */
export function rankChunkName(source: string): string {
  return `${basename(source).replace(/\.[cm]?[jt]sx?$/, "")}.spmd`;
}

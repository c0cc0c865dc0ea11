/** Annotated functions, as the plugin makes them. */
import { call, define } from "../../../runtime/src/spmd/index.ts";

export const site = "src/job.ts:1:1";
export const reader = { site, columns: [{ name: "a", type: "number" as const, nullable: false }], declared: [] };
let functions = 0;

/** Defines and calls a function in one go. */
export function run(body: (captures: Record<string, unknown>, ...args: never[]) => unknown, args: unknown[] = [], captures: Record<string, unknown> = {}): Promise<unknown> {
  return call(define(`src/job.ts#f${functions++}`, body), args, captures);
}

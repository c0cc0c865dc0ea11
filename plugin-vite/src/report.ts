import type { BuildState } from "./build-state.ts";

/** The one line of a build. */
export function reportLine({ functions, milliseconds }: BuildState): string {
  const count = functions.length;
  return `lockstep ${count} function${count === 1 ? "" : "s"} compiled - ${Math.round(milliseconds)} ms`;
}

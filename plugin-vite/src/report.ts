import type { BuildState } from "./build-state.ts";

/** The one line of a build: what was compiled, what is read, one word on distribution, and the time it took. */
export function reportLine({ functions, milliseconds }: BuildState): string {
  const inputs = functions.flatMap((one) => one.inputs);
  const read = inputs.reduce((sum, input) => sum + input.read.length, 0);
  const present = inputs.reduce((sum, input) => sum + input.present.length, 0);
  const replicated = functions.flatMap((one) => one.tables.filter(({ why }) => why !== null).map((table) => `${one.name}: ${table.verb} on line ${table.line} is replicated, ${table.why!}`));
  return [
    `lockstep ${functions.length} function${functions.length === 1 ? "" : "s"} compiled`,
    ...(present > 0 ? [`${read} of ${present} columns read`] : []),
    replicated[0] ?? "every table distributed",
    `${Math.round(milliseconds)} ms`,
  ].join(" - ");
}

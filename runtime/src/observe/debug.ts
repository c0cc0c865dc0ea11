/** Whether `LOCKSTEP_DEBUG` names the topic: stack (of errors), ranks (their console), time, plan (as it is executed). The engine knows comm, the compiler ir. */
export function debugging(topic: "stack" | "ranks" | "time" | "plan"): boolean {
  return (process.env.LOCKSTEP_DEBUG ?? "").split(",").includes(topic);
}

/** For `LOCKSTEP_DEBUG=plan:4,plan:1000`: numbers of ranks for which plans are shown, beside those that there are. */
export function plannedFor(): number[] {
  return [...(process.env.LOCKSTEP_DEBUG ?? "").matchAll(/(?<=^|,)plan:([1-9]\d{0,4})(?=,|$)/g)].map(([, ranks]) => Number(ranks));
}

/** For `LOCKSTEP_DEBUG=time`: what this rank has reached, in milliseconds since its process started. */
export function reached(rank: number, what: string): void {
  if (debugging("time")) process.stderr.write(`${performance.now().toFixed(1).padStart(8)} ms  rank ${rank}  ${what}\n`);
}

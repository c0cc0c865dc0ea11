/** Whether `LOCKSTEP_DEBUG` names the topic: stack, ranks (their console), time. */
export function debugging(topic: "stack" | "ranks" | "time"): boolean {
  return (process.env.LOCKSTEP_DEBUG ?? "").split(",").includes(topic);
}

/** For `LOCKSTEP_DEBUG=time`: what this rank has reached, in milliseconds since its process started. */
export function reached(rank: number, what: string): void {
  if (debugging("time")) process.stderr.write(`${performance.now().toFixed(1).padStart(8)} ms  rank ${rank}  ${what}\n`);
}

import type { Run } from "./observe.ts";

/** `lockstep: 2 ranks × 1 thread, 3 executions, 1.93 s` */
export function summaryLine({ size, threads }: Run, profiles: readonly unknown[], seconds: number): string {
  return `lockstep: ${plural(size, "rank")} × ${plural(threads, "thread")}, ${plural(profiles.length, "execution")}, ${seconds.toFixed(2)} s`;
}

function plural(count: number, what: string): string {
  return `${count.toLocaleString("en-US")} ${what}${count === 1 ? "" : "s"}`;
}

/** How our own system is run in every suite: two ranks, and one with as many threads or one. */
export interface Shape {
  readonly name: string;
  readonly ranks: number;
  /** Of `lockstep run`. */
  readonly options: readonly string[];
}

/**
 * `without`: an optimisation that two ranks do without besides, so that its gain is a figure of each case. `memory`: GiB that all ranks
 * together may hold.
 */
export function shapes(without?: string, memory?: number): Shape[] {
  const limit = (ranks: number): string[] => (memory === undefined ? [] : ["--memory", `${memory / ranks}GiB`]);
  const shape = (name: string, ranks: number, threads: number, ...options: string[]): Shape => ({ name, ranks, options: ["-n", `${ranks}`, "--threads", `${threads}`, ...limit(ranks), "--no-progress", ...options] });
  return [
    shape("lockstep", 2, 1),
    shape("lockstep-1x2", 1, 2),
    shape("lockstep-1x1", 1, 1),
    ...(without === undefined ? [] : [shape(`lockstep-without-${without}`, 2, 1, "--without", without)]),
  ];
}

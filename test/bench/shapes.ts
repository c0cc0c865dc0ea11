/** How our own system is run in every suite: two ranks, and one with as many threads or one. */
export interface Shape {
  readonly name: string;
  readonly ranks: number;
  /** Of `lockstep run`. */
  readonly options: readonly string[];
}

/** `without`: an optimisation that two ranks do without besides, so that its gain is a figure of each case. */
export function shapes(without?: string): Shape[] {
  const shape = (name: string, ranks: number, threads: number, ...options: string[]): Shape => ({ name, ranks, options: ["-n", `${ranks}`, "--threads", `${threads}`, "--no-progress", ...options] });
  return [
    shape("lockstep", 2, 1),
    shape("lockstep-1x2", 1, 2),
    shape("lockstep-1x1", 1, 1),
    ...(without === undefined ? [] : [shape(`lockstep-without-${without}`, 2, 1, "--without", without)]),
  ];
}

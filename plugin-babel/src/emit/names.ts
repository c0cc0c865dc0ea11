/** Names of the emitted module that clash with none of the source's. */
export class Names {
  readonly #taken: Set<string>;

  constructor(sources: readonly string[]) {
    this.#taken = new Set(sources.flatMap((source) => source.match(/[A-Za-z_$][\w$]*/g) ?? []));
  }

  /** `wanted`, or `wanted_2` …: each name is given once. */
  fresh(wanted: string): string {
    let name = wanted;
    for (let n = 2; this.#taken.has(name); n++) name = `${wanted}_${n}`;
    this.#taken.add(name);
    return name;
  }
}

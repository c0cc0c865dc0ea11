import { rankChunkName } from "./rank-module.ts";

/** The rank chunks of a build by their sources. */
export class RankChunks {
  /** The rank module whose own build is under way. */
  building: string | undefined;
  readonly #files = new Map<string, string>();

  get sources(): string[] {
    return [...this.#files.keys()];
  }

  /** `job.spmd.mjs`, with a number where two sources share a name. */
  file(source: string): string {
    const known = this.#files.get(source);
    if (known !== undefined) return known;
    const taken = new Set(this.#files.values());
    const name = rankChunkName(source);
    let file = `${name}.mjs`;
    for (let number = 2; taken.has(file); number++) file = `${name}${number}.mjs`;
    this.#files.set(source, file);
    return file;
  }
}

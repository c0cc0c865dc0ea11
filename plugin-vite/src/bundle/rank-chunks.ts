import { dirname, relative } from "node:path";
import { rankChunkName } from "./rank-module.ts";

/** The rank chunks of a build by their sources. */
export class RankChunks {
  /** The rank module whose own build is under way. */
  building: string | undefined;
  /** Chunks of sources below it keep their folders, as the outputs of entries do. */
  base: string | undefined;
  readonly #sources = new Set<string>();
  readonly #files = new Map<string, string>();

  get sources(): string[] {
    return [...this.#sources];
  }

  /** A source that is to have a chunk, named later. */
  add(source: string): void {
    this.#sources.add(source);
  }

  /** Forgets sources that a new build no longer has. */
  retain(sources: ReadonlySet<string>): void {
    for (const source of this.#sources) {
      if (sources.has(source)) continue;
      this.#sources.delete(source);
      this.#files.delete(source);
    }
  }

  /** `job.spmd.mjs`, with a number where two sources share a name. */
  file(source: string): string {
    const known = this.#files.get(source);
    if (known !== undefined) return known;
    const taken = new Set(this.#files.values());
    const folder = this.base === undefined ? "" : relative(this.base, dirname(source)).replaceAll("\\", "/");
    const name = (folder === "" || folder.startsWith("..") ? "" : `${folder}/`) + rankChunkName(source);
    this.#sources.add(source);
    let file = `${name}.mjs`;
    for (let number = 2; taken.has(file); number++) file = `${name}${number}.mjs`;
    this.#files.set(source, file);
    return file;
  }
}

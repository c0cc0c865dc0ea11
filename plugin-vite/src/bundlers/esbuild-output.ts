import type { BuildOptions, OutputFile } from "esbuild";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, resolve, sep } from "node:path";

/** Where the build writes: to disk, or into its result. */
export class Output {
  readonly #files: OutputFile[] | undefined;

  constructor({ write }: BuildOptions, files: OutputFile[] | undefined) {
    this.#files = write === false ? files : undefined;
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    if (!this.#files) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, content);
      return;
    }
    const contents = typeof content === "string" ? new TextEncoder().encode(content) : content;
    this.#files.push({ path, contents, hash: "", get text() { return new TextDecoder().decode(contents); } } as OutputFile);
  }

  async rewrite(path: string, change: (text: string) => string): Promise<void> {
    const file = this.#files?.find((candidate) => candidate.path === path);
    const before = file ? file.text : await readFile(path, "utf8");
    const after = change(before);
    if (after === before) return;
    if (file) this.#files!.splice(this.#files!.indexOf(file), 1);
    await this.write(path, after);
  }
}

export function workingDirectory({ absWorkingDir = process.cwd() }: BuildOptions): string {
  return absWorkingDir;
}

export function outputFolder(options: BuildOptions): string {
  return resolve(workingDirectory(options), options.outdir ?? dirname(options.outfile!));
}

/** As esbuild has it: `outbase`, or the deepest folder of all entries. */
export function outputBase(options: BuildOptions): string {
  const { outbase, entryPoints = [] } = options;
  const folder = workingDirectory(options);
  if (outbase !== undefined) return resolve(folder, outbase);
  const entries = Array.isArray(entryPoints) ? entryPoints.map((entry) => (typeof entry === "string" ? entry : entry.in)) : Object.values(entryPoints);
  const folders = entries.map((entry) => dirname(resolve(folder, entry)).split(sep));
  const [first = []] = folders;
  const shared = first.findIndex((part, depth) => folders.some((other) => other[depth] !== part));
  return first.slice(0, shared < 0 ? undefined : shared).join(sep);
}

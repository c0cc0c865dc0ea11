import { basename, dirname, join, resolve, sep } from "node:path";
import { localPath } from "../connectors/paths.ts";
import { LockstepError } from "../errors/index.ts";
import { checked, markAgreed } from "./checked.ts";
import type { CallContext } from "./context.ts";

interface Output {
  readonly path: string;
  readonly staging: string;
  readonly overwrite: boolean;
}

/**
 * What one outermost call writes: every write goes to a directory beside its target, all become visible
 * together when the call returns, none if it throws. Rank 0 makes and commits, the others know the names.
 */
export class Outputs {
  readonly #call: CallContext;
  readonly #outputs: Output[] = [];

  constructor(call: CallContext) {
    this.#call = call;
  }

  /** Collective: a staging directory for a write to `path`. Fails before any work where the output may not be written. */
  async stage(path: string, overwrite: boolean, site: string): Promise<string> {
    const { rank, size, native, job: name } = this.#call.world;
    const job = `${name}.${this.#call.id}.${this.#outputs.length}`;
    // Before it exists: whoever outlives this rank has to find it whenever that is.
    this.#announce([...this.#outputs.map((output) => output.staging), join(dirname(path), `.${basename(path)}.lockstep-${job}`)]);
    let answer: { staging: string } | { error: unknown } | undefined;
    if (rank === 0) {
      try {
        if (!overwrite && this.#written(path)) throw exists(path);
        answer = { staging: await checked(native.prepareOutput(path, overwrite, job)) };
      } catch (error) {
        answer = { error: error instanceof LockstepError ? error : String(error) };
      }
    }
    if (size > 1) {
      const sent = answer && Buffer.from(JSON.stringify(answer));
      answer = JSON.parse((await this.#call.collective((engine) => engine.broadcast(sent ?? null, 0))).toString()) as NonNullable<typeof answer>;
    }
    if ("error" in answer!) {
      const { error } = answer;
      const raised = LockstepError.parse(JSON.stringify(error)) ?? new LockstepError({ code: "LS2008", message: String(error) });
      throw markAgreed(new LockstepError({ ...raised.toJSON(), site }));
    }
    this.#outputs.push({ path, overwrite, staging: answer!.staging });
    this.#announce(this.#outputs.map((output) => output.staging));
    return answer!.staging;
  }

  /** Where a reader finds `path`: in the staged version, if this call wrote it. */
  resolve(path: string): string {
    const output = this.#outputs.findLast((candidate) => path === candidate.path || path.startsWith(candidate.path + sep));
    return output ? output.staging + path.slice(output.path.length) : path;
  }

  /** Rank 0, when all ranks ended well: in the program's order. */
  async commit(): Promise<void> {
    const last = this.#outputs.filter((output, index) => !this.#outputs.some((later, at) => at > index && later.path === output.path));
    for (const output of this.#outputs) {
      if (last.includes(output)) await checked(this.#call.world.native.commitOutput(output.staging, output.path, output.overwrite));
      else await checked(this.#call.world.native.abortOutput(output.staging));
    }
    this.#forget();
  }

  /** Rank 0, when the call failed. */
  async abort(): Promise<void> {
    for (const { staging } of this.#outputs) await checked(this.#call.world.native.abortOutput(staging)).catch(() => undefined);
    this.#forget();
  }

  #written(path: string): boolean {
    return this.#outputs.some((output) => output.path === path);
  }

  #announce(directories: readonly string[]): void {
    this.#call.world.staged(directories);
  }

  #forget(): void {
    this.#outputs.length = 0;
    this.#announce([]);
  }
}

/** A path as the engine takes it. LS2015 for what is not local. */
export function absolute(path: string | URL): string {
  return resolve(localPath(path));
}

function exists(path: string): LockstepError {
  return new LockstepError({ code: "LS2007", message: `the output ${path} was written before in this call` });
}

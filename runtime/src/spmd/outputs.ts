import { randomUUID } from "node:crypto";
import { basename, dirname, join, sep } from "node:path";
import { adds, checkFolders, checkLayout, keepApart, nextPart, outputPath, type OutputLayout, partBehind, placeOutput } from "../connectors/output-place.ts";
import { localPath } from "../connectors/paths.ts";
import { isRemote, parseLocation } from "../connectors/store/location.ts";
import type { StoreOptions } from "../connectors/store/options.ts";
import type { WriteMode } from "../connectors/write-options.ts";
import { LockstepError } from "../errors/index.ts";
import { isTrial } from "../launch/trial.ts";
import { checked, markAgreed } from "./checked.ts";
import type { CallContext } from "./context.ts";
import { committed, isCommitted, jobIdentity, sign } from "./identity.ts";

/** Where a write's parts go, and what they are called. */
export interface Staged {
  readonly staging: string;
  readonly firstPart: number;
  readonly suffix: string;
}

/** What a call writes to one target. */
export interface Output {
  readonly path: string;
  /** Where a reader of the same call finds it. */
  readonly staging?: string | undefined;
  /** An earlier attempt of the job has committed it. */
  readonly done?: boolean;
  /** What becomes of an output that is there. */
  readonly mode?: WriteMode;
  /** Of files: how the rows lie, as those that are added must. */
  readonly layout?: OutputLayout;
  /** A table of Iceberg, or those of a database: not staged, and in no other output's place. */
  readonly isTable?: boolean;
  /** Rank 0: makes it visible. */
  commit(): Promise<void>;
  /** Rank 0: removes what was written. */
  remove(): Promise<void>;
}

/**
 * What one outermost call writes: every write goes to a directory beside its target, all become visible
 * together when the call returns, none if it throws. Rank 0 makes and commits, the others know the names.
 *
 * A job that keeps its identity over several attempts commits an output once: what an earlier attempt has committed is
 * neither written nor replaced again, and the attempt goes on with what is missing.
 */
export class Outputs {
  readonly #call: CallContext;
  readonly #outputs: Output[] = [];

  constructor(call: CallContext) {
    this.#call = call;
  }

  /**
   * Collective: a staging directory for a write to `path`, and what its parts are called; undefined if this job has committed it
   * already. Fails before any work where the output may not be written.
   */
  async stage(path: string, { mode, single, partitionBy, store }: { readonly mode: WriteMode; readonly single: boolean; readonly partitionBy: readonly string[]; readonly store: StoreOptions }, site: string): Promise<Staged | undefined> {
    const { rank, size, native, job: launch } = this.#call.world;
    const output = this.#outputs.length;
    const attempt = `${launch}.${this.#call.id}.${output}`;
    const job = jobIdentity();
    const identity = job === undefined ? undefined : { job, call: this.#call.id, output };
    const remote = isRemote(path);
    const known = identity && !this.#written(path) ? identity : undefined;
    const options = JSON.stringify({ store, identity, single });
    // Before it exists: whoever outlives this rank has to find it whenever that is.
    if (!remote) this.#announce(join(dirname(path), `.${basename(path)}.lockstep-${attempt}`));
    let answer: { staged?: Staged } | { error: unknown } | undefined;
    if (rank === 0) {
      try {
        if (mode === "create" && this.#written(path)) throw exists(path);
        if (isTrial() && mode === "create") mode = "overwrite";
        // In a store the engine knows: it reads the manifest anyway.
        const signed = !remote && known !== undefined && isCommitted(path, known, single);
        if (!remote && !signed) {
          keepApart(path, mode, this.#places());
          placeOutput(path, mode);
          if (adds(mode)) this.#checkAlike(path, partitionBy);
        }
        const staging = signed ? null : await checked(native.prepareOutput(path, mode, attempt, JSON.stringify({ store, identity: known })));
        if (staging === null) committed(path);
        answer = staging === null ? {} : { staged: { staging, ...(await this.#parts(path, mode, store)) } };
      } catch (error) {
        answer = { error: error instanceof LockstepError ? error : String(error) };
      }
    }
    if (size > 1) {
      const sent = answer && Buffer.from(JSON.stringify(answer));
      try {
        answer = JSON.parse((await this.#call.collective((engine) => engine.broadcast(sent ?? null, 0))).toString()) as NonNullable<typeof answer>;
      } catch (error) {
        // Another rank has failed meanwhile: nobody will hear of this output.
        if (answer && "staged" in answer) await checked(native.abortOutput(answer.staged!.staging, options)).catch(() => undefined);
        throw error;
      }
    }
    if ("error" in answer!) {
      const { error } = answer;
      const raised = LockstepError.parse(JSON.stringify(error)) ?? new LockstepError({ code: "LS2008", message: String(error) });
      throw markAgreed(new LockstepError({ ...raised.toJSON(), site }));
    }
    const { staged } = answer!;
    const staging = staged?.staging;
    this.add({
      path, staging, mode, layout: { single, partitionBy }, done: staged === undefined,
      async commit() {
        // An attempt that was taken for dead, and was not, may have come first since. (A store's manifest says so itself.)
        if (identity && !remote && isCommitted(path, identity, single)) {
          committed(path);
          return this.remove();
        }
        if (identity && !remote) sign(staging!, path, identity, single);
        await checked(native.commitOutput(staging!, path, mode, options));
      },
      remove: () => checked(native.abortOutput(staging!, options)),
    });
    return staged;
  }

  /** Of an append, what its parts are called: behind those that are there, and as no other's. */
  async #parts(path: string, mode: WriteMode, store: StoreOptions): Promise<Omit<Staged, "staging">> {
    if (!adds(mode)) return { firstPart: 0, suffix: "" };
    const suffix = `-${randomUUID().slice(0, 8)}`;
    if (!isRemote(path)) return { firstPart: nextPart([path, ...this.#outputs.flatMap((output) => (output.path === path && output.staging ? output.staging : []))]), suffix };
    const [{ openStore }, location] = [await import("../connectors/store/store.ts"), parseLocation(path)];
    return { firstPart: partBehind((await (await openStore(location, store)).list(location.key)).map(({ key }) => key)), suffix };
  }

  /** Refuses to add rows that lie otherwise than those that are there, or will be by then. LS2007, LS2016. */
  #checkAlike(path: string, partitionBy: readonly string[]): void {
    const before = this.#outputs.findLast((output) => output.path === path && output.layout !== undefined);
    if (before) checkLayout(path, before.layout!, partitionBy);
    else checkFolders(path, partitionBy);
  }

  /** The newest output to `path` has nothing to add to what is there. */
  async drop(path: string): Promise<void> {
    const index = this.#outputs.findLastIndex((output) => output.path === path);
    const [output] = this.#outputs.splice(index, 1, { ...this.#outputs[index]!, done: true });
    if (this.#call.world.rank === 0) await output!.remove().catch(() => undefined);
  }

  /** Refuses a table's folder that is another output of this call, or in one. LS2007. */
  placeTable(path: string): void {
    if (this.#written(path)) throw exists(path);
    keepApart(path, "create", this.#places());
  }

  /** An output that is made otherwise. */
  add(output: Output): void {
    this.#outputs.push(output);
    this.#announce();
  }

  /** The number of the next output, the same on all ranks. */
  get next(): number {
    return this.#outputs.length;
  }

  /** Where a reader finds `path`: in the staged version, if this call wrote it. */
  resolve(path: string): string {
    if (this.#outputs.length === 0) return path;
    const target = outputTarget(path);
    const output = this.#outputs.findLast((candidate) => target === candidate.path || target.startsWith(candidate.path + sep));
    if (output?.mode && adds(output.mode)) throw markAgreed(addedTo(output.path));
    return output?.staging === undefined ? path : output.staging + target.slice(output.path.length);
  }

  /** An error of the engine with the outputs' own names: nobody else knows what is staged where. */
  named(error: unknown): unknown {
    if (!(error instanceof LockstepError)) return error;
    const message = this.#outputs.reduce((text, { path, staging }) => {
      // A disk that is full concerns the output; which part it was is chance.
      const part = error.code === "LS2008" ? /^(\/[^/=]+=[^/]*)*\/part-[\w-]+(\.\w+)+/ : /^$/;
      return staging === undefined ? text : text.split(staging).map((rest, index) => (index === 0 ? rest : path + rest.replace(part, ""))).join("");
    }, error.message);
    return message === error.message ? error : markAgreed(new LockstepError({ ...error.toJSON(), message }));
  }

  /**
   * Rank 0, when all ranks ended well: in the program's order. Of several outputs one may fail (a disk that is full only
   * now): the error says which are visible; those are not taken back, because others may have read them.
   */
  async commit(): Promise<void> {
    if (isTrial()) return this.abort();
    const visible: string[] = [];
    // What comes to the others takes nobody's place.
    const replaces = ({ isTable, mode }: Output): boolean => !isTable && !(mode && adds(mode));
    const last = (output: Output, index: number): boolean => !this.#outputs.some((later, at) => at > index && later.path === output.path && replaces(later));
    for (const [index, output] of this.#outputs.entries()) {
      const { path, done } = output;
      if (done) continue;
      if (!last(output, index)) {
        await output.remove().catch(() => undefined);
        continue;
      }
      try {
        await output.commit();
      } catch (error) {
        const missing = this.#outputs.filter((other, at) => at >= index && !other.done && last(other, at)).map((other) => other.path);
        await this.#remove(index);
        throw partly(error, path, visible, missing);
      }
      visible.push(path);
    }
    this.#forget();
  }

  /** Rank 0, when the call failed. */
  async abort(): Promise<void> {
    await this.#remove(0);
  }

  /** Removes what is staged, from an output on. */
  async #remove(first: number): Promise<void> {
    for (const output of this.#outputs.slice(first)) if (!output.done) await output.remove().catch(() => undefined);
    this.#forget();
  }

  #written(path: string): boolean {
    return this.#outputs.some((output) => output.path === path);
  }

  /** What must stay: a table's folder is more than one output. */
  #places(): string[] {
    return this.#outputs.map(({ path, isTable }) => (isTable ? `${path}/metadata` : path));
  }

  /** Tells the launcher which directories to remove should this rank not live to do it. */
  #announce(...more: string[]): void {
    const staged = this.#outputs.flatMap(({ path, staging }) => (staging === undefined || isRemote(path) ? [] : staging));
    this.#call.world.staged([...staged, ...more]);
  }

  #forget(): void {
    this.#outputs.length = 0;
    this.#announce();
  }
}

/** LS2015 */
function addedTo(path: string): LockstepError {
  return new LockstepError({ code: "LS2015", message: `${path} is added to in this call, and cannot be read before the call has returned`, fix: "Keep the table in a variable, or read it in the next call." });
}

/** A reader's path as the engine takes it. */
export function absolute(path: string | URL): string {
  return isRemote(path) ? String(path) : localPath(path);
}

/** A writer's path as the engine takes it. */
export function outputTarget(path: string | URL): string {
  return isRemote(path) ? String(path) : outputPath(path);
}

function exists(path: string): LockstepError {
  return new LockstepError({ code: "LS2007", message: `${path} exists` });
}

/** The error of a commit, with what became of the call's other outputs. */
function partly(error: unknown, path: string, visible: readonly string[], missing: readonly string[]): LockstepError {
  const raised = error instanceof LockstepError ? error : new LockstepError({ code: "LS2008", message: `cannot write ${path}: ${String(error)}` });
  if (visible.length + missing.length === 1) return raised;
  const list = (paths: readonly string[]): string => (paths.length > 0 ? paths.join(", ") : "none");
  const message = `${raised.message}; written before it: ${list(visible)}; not written: ${list(missing)}`;
  return new LockstepError({ ...raised.toJSON(), message, cause: error });
}

/** What is collected while one row function is read: mistakes, columns, and the first reason for V8. */
import type * as t from "@babel/types";
import type { Diagnostic } from "../../diagnostics/diagnostic.ts";
import { at } from "../../diagnostics/define.ts";
import type { SourceSpan } from "../../ir/types.ts";
import type { RowEnvironment } from "../row-function.ts";

/** A helper being inlined. */
export interface Inlining {
  readonly node: t.Function;
  readonly name: string;
  readonly file: string;
  readonly call: SourceSpan;
}

/** More statements than this, after duplication of what follows a branch, are left to V8. */
const STEPS = 4000;

export class State {
  readonly environment: RowEnvironment;
  /** The row function itself. */
  readonly root: t.Function;
  readonly errors: Diagnostic[] = [];
  readonly warnings: Diagnostic[] = [];
  readonly columns = new Set<string>();
  readonly inlining: Inlining[] = [];
  /** Why no native form exists; the first reason found. */
  script: string | null = null;
  /** Inside what only V8 runs, control flow is not followed: mistakes of types are left to tsc. */
  surveying = 0;
  readonly #seen = new Set<string>();
  readonly #names = new Map<string, number>();
  #steps = 0;

  constructor(environment: RowEnvironment, root: t.Function) {
    this.environment = environment;
    this.root = root;
  }

  /** Records a diagnostic once, with the calls that led to it. */
  report(diagnostic: Diagnostic): void {
    const where = diagnostic.locations[0];
    const key = `${diagnostic.code} ${where?.file}:${where?.line}:${where?.column} ${diagnostic.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const calls = this.inlining.toReversed().map((call) => at(call.call, `in ${call.name}, called here`));
    const list = diagnostic.severity === "error" ? this.errors : this.warnings;
    list.push({ ...diagnostic, locations: [...diagnostic.locations, ...calls] });
  }

  /** Reports what tsc would report as well; not where narrowing is not followed. */
  typeError(diagnostic: Diagnostic): void {
    if (this.surveying === 0) this.report(diagnostic);
  }

  needsScript(reason: string): void {
    this.script ??= reason;
  }

  /** A name no other local of the expression has. */
  unique(name: string): string {
    const count = (this.#names.get(name) ?? 0) + 1;
    this.#names.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  }

  /** Counts a statement; false when the function has become too large. */
  step(): boolean {
    this.#steps += 1;
    if (this.#steps === STEPS) this.needsScript("its branches are too many to unfold");
    return this.#steps < STEPS;
  }
}

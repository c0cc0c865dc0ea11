import type { CompileResult, Diagnostic, Generated, ManifestFunction } from "./compiler.ts";
import { rankModuleId } from "./bundle/rank-module.ts";

interface Compiled {
  readonly functions: readonly ManifestFunction[];
  readonly errors: readonly Diagnostic[];
  readonly milliseconds: number;
}

/** What one build (one environment of one) knows of its annotated modules. */
export class BuildState {
  readonly rankModules: Map<string, Generated> = new Map();
  readonly #modules = new Map<string, Compiled>();

  /** Keeps the newest result of a module. */
  add(id: string, { manifest, diagnostics, rankModule }: CompileResult, milliseconds: number): void {
    const errors = diagnostics.filter(({ severity }) => severity === "error");
    this.#modules.set(id, { functions: manifest, errors, milliseconds });
    if (rankModule) this.rankModules.set(rankModuleId(id), rankModule);
    else this.rankModules.delete(rankModuleId(id));
  }

  /** A watching bundler builds again and again: forgets modules that are no longer part of the program. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#modules.keys()) {
      if (ids.has(id)) continue;
      this.#modules.delete(id);
      this.rankModules.delete(rankModuleId(id));
    }
  }

  get functions(): ManifestFunction[] {
    return this.#inOrder().flatMap((module) => module.functions);
  }

  get errors(): Diagnostic[] {
    return this.#inOrder().flatMap((module) => module.errors);
  }

  /** Spent in the compiler. */
  get milliseconds(): number {
    return [...this.#modules.values()].reduce((sum, module) => sum + module.milliseconds, 0);
  }

  /** Modules are transformed in any order; what is told of them is in the files'. */
  #inOrder(): Compiled[] {
    return [...this.#modules].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, module]) => module);
  }
}

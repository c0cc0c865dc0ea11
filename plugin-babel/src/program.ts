/** What the passes work on: one module, its annotated functions, and everything found out about them. */
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import type { SourceMap } from "./emit/rank-module.ts";
import type { Edit } from "./emit/stub.ts";
import type { Captures } from "./source/captures.ts";
import type { Directives } from "./source/directives.ts";
import type { ParsedFunction } from "./source/frames.ts";
import type { ModuleSource } from "./source/module.ts";
import type { Modules } from "./source/modules.ts";
import type { InlinedSecret } from "./source/secrets.ts";

export interface Program {
  readonly module: ModuleSource;
  readonly modules: Modules;
  readonly rankModuleId: string;
  /** What brings all rows of a distributed table to every rank without a limit (a loop, array(), objects()) is an error. */
  readonly strict: boolean;
  /** Names that the bundler replaces by secrets. */
  readonly inlined: readonly InlinedSecret[];
  readonly diagnostics: Diagnostic[];
  directives: Directives;
  functions: ParsedFunction[];
  captures: Map<ParsedFunction, Captures>;
  /** Names under which the rank module exports the functions. */
  exported: Map<ParsedFunction, string>;
  output: { code: string; map: SourceMap; edits: readonly Edit[]; rankModule: { code: string; map: SourceMap } } | null;
}

export const hasErrors = (program: Program): boolean => program.diagnostics.some((d) => d.severity === "error");

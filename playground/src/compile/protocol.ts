/** What the page and the compiler's worker tell each other. */
import type { CompileOptions, CompileResult } from "@lockstep/plugin-babel/compile";

/** Sources by path, e.g. `src/job.ts`; POSIX separators, no leading slash. */
export type Files = Readonly<Record<string, string>>;

/** The compiler's own options that a person may set. */
export type CompilerOptions = Pick<CompileOptions, "root" | "rankModuleId" | "strict" | "check">;

export interface CompileRequest {
  readonly id: number;
  readonly files: Files;
  /** The path of the module to compile. */
  readonly main: string;
  readonly options: CompilerOptions;
}

/** What the worker says once: it listens. */
export interface CompilerReady {
  readonly ready: true;
}

export type CompileResponse =
  | { readonly id: number; readonly result: CompileResult; readonly milliseconds: number }
  /** Why there is no result, as a sentence. */
  | { readonly id: number; readonly failed: string };

export type { CompileResult };
export type Diagnostic = CompileResult["diagnostics"][number];
export type Stage = CompileResult["stages"][number];
export type ManifestFunction = CompileResult["manifest"][number];
export type ManifestTable = ManifestFunction["tables"][number];

import type { Diagnostic } from "../compiler.ts";

/** What differs between families of bundlers while modules are transformed. `context` is a hook's `this`. */
export interface Adapter {
  /** The bundler's way to say that the bundle is for Node. */
  readonly platform: string;
  /** The bundler's own resolution: a file's path, or null for packages and what it does not find. */
  resolve(context: unknown, specifier: string, importer: string): Promise<string | null>;
  /** Says what the compiler found in a module: warnings now, errors when all modules are through. */
  diagnose(context: unknown, diagnostics: readonly Diagnostic[]): void;
  /** What an import of a rank module resolves to. */
  resolveRankModule(id: string): { id: string; external?: boolean };
  /** An annotated module was compiled: its rank module is to become a file of its own. */
  addRankChunk(context: unknown, source: string): void;
}

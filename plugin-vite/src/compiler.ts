import type { CompileOptions, CompileResult } from "@lockstep/plugin-babel/compile";

/** The compiler (ARCHITECTURE.md, seam 4), loaded with the first annotated module: others pay nothing for it. */
type Compile = (source: string, options: CompileOptions) => CompileResult;

let loaded: Promise<Compile> | undefined;

export function loadCompiler(): Promise<Compile> {
  return (loaded ??= import("@lockstep/plugin-babel/compile").then(({ compile }) => compile));
}

export type { CompileResult, ManifestFunction } from "@lockstep/plugin-babel/compile";
export type Diagnostic = CompileResult["diagnostics"][number];

export interface Generated {
  readonly code: string;
  readonly map: unknown;
}

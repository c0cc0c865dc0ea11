type Compiler = typeof import("@lockstep/plugin-babel/compile");

let loaded: Promise<Compiler> | undefined;

/** The compiler (ARCHITECTURE.md, seam 4), loaded with the first annotated module: others pay nothing for it. */
export function loadCompiler(): Promise<Compiler> {
  return (loaded ??= import("@lockstep/plugin-babel/compile"));
}

export type { CompileResult, InlinedSecret, ManifestFunction } from "@lockstep/plugin-babel/compile";
export type Diagnostic = import("@lockstep/plugin-babel/compile").CompileResult["diagnostics"][number];

export interface Generated {
  readonly code: string;
  readonly map: unknown;
}

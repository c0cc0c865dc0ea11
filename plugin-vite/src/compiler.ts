/** The compiler as the adapters use it (ARCHITECTURE.md, seam 4), loaded with the first annotated module. */
export interface CompileOptions {
  readonly id: string;
  readonly root?: string;
  readonly modules?: Readonly<Record<string, Module | null>>;
  readonly rankModuleId?: string;
  readonly strict?: boolean;
}

export interface Module {
  readonly id: string;
  readonly code: string;
}

export interface Generated {
  readonly code: string;
  readonly map: unknown;
}

export interface Diagnostic {
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly message: string;
  readonly locations: readonly { readonly file: string; readonly line: number; readonly column: number }[];
  /** The chain of reasons, nearest first. */
  readonly why?: readonly string[];
  readonly fix?: { readonly message: string };
  /** The source lines concerned, marked. */
  readonly frame?: string;
}

export interface ManifestFunction {
  readonly id: string;
  readonly [field: string]: unknown;
}

export interface CompileResult extends Generated {
  readonly rankModule: Generated | null;
  readonly needs: readonly string[];
  readonly dependencies: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly manifest: readonly ManifestFunction[];
}

type Compile = (source: string, options: CompileOptions) => CompileResult;

let loaded: Promise<Compile> | undefined;

export function loadCompiler(): Promise<Compile> {
  const name: string = "@lockstep/plugin-babel/compile";
  return (loaded ??= (import(name) as Promise<{ compile: Compile }>).then(({ compile }) => compile));
}

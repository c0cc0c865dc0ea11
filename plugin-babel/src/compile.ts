/**
 * The compiler without user interface and without I/O: Babel, the bundlers, the tests and the playground all call this.
 * ARCHITECTURE.md, seam 4.
 */
import type { Diagnostic } from "./diagnostics/diagnostic.ts";
import { formatDiagnostic, pageOf } from "./diagnostics/format.ts";
import { codeFrame } from "./diagnostics/frame.ts";
import { nestedTooDeeply } from "./diagnostics/nested-too-deeply.ts";
import { syntaxError } from "./diagnostics/syntax-error.ts";
import { type ManifestFunction, manifestOf } from "./emit/manifest.ts";
import type { SourceMap } from "./emit/rank-module.ts";
import type { Edit } from "./emit/stub.ts";
import { checkIR, type Stage as IRStage } from "./ir/spec.ts";
import { checkNode } from "./node-version.ts";
import { pipeline, printStage } from "./pipeline.ts";
import { hasErrors, type Program } from "./program.ts";
import { type ModuleSource, parseModule } from "./source/module.ts";
import { type GivenModules, Modules } from "./source/modules.ts";
import { type InlinedSecret, secretsAmong } from "./source/secrets.ts";
import { type Shown, shownOf } from "./source/shown.ts";

export interface CompileOptions {
  /** The module's id: its path, usually. */
  readonly id: string;
  /** Messages and maps name files relative to it. */
  readonly root?: string;
  /** Sources of imports: see `needs`. */
  readonly modules?: GivenModules;
  /** What the user's module imports the rank module by; default `./<name>.spmd.mjs`. */
  readonly rankModuleId?: string;
  /** What brings all rows of a distributed table to every rank without a limit (a loop, array(), objects()) is an error. */
  readonly strict?: boolean;
  /** Names that the bundler replaces by secrets: what `secretsAmong` finds in its configuration. */
  readonly inlined?: readonly InlinedSecret[];
  /** Checks the IR after every pass: for tests, and where LOCKSTEP_DEBUG=ir prints it. */
  readonly check?: boolean;
}

export interface Stage {
  readonly name: string;
  readonly kind: "transform" | "validate";
  readonly text: string;
  readonly changed: boolean;
}

export interface ReportedDiagnostic extends Diagnostic {
  /** The source lines concerned, marked. */
  readonly frame: string;
  /** Where the code is explained. */
  readonly page: string;
  /** All of it, as a terminal shows it: every adapter prints the same. */
  readonly text: string;
}

export interface CompileResult {
  readonly code: string;
  readonly map: SourceMap | null;
  /** What makes `code` of the source, for adapters that work on a syntax tree. */
  readonly edits: readonly Edit[];
  readonly rankModule: { readonly code: string; readonly map: SourceMap } | null;
  /** Keys `"<importer id>\0<specifier>"` to be put into `modules`; while there are any, nothing else is said. */
  readonly needs: readonly string[];
  /** Ids of the modules that were looked into. */
  readonly dependencies: readonly string[];
  readonly stages: readonly Stage[];
  readonly diagnostics: readonly ReportedDiagnostic[];
  readonly manifest: readonly ManifestFunction[];
}

export function compile(source: string, options: CompileOptions): CompileResult {
  const unchanged: CompileResult = { code: source, map: null, edits: [], rankModule: null, needs: [], dependencies: [], stages: [], diagnostics: [], manifest: [] };
  // A misspelt directive counts, too.
  if (!/spmd|spdm|smpd/i.test(source)) return unchanged;
  checkNode();
  const fileOf = relativeTo(options.root);
  try {
    return compiled(source, options, fileOf, unchanged);
  } catch (error) {
    if (!(error instanceof RangeError) || !/call stack/.test(error.message)) throw error;
    return { ...unchanged, diagnostics: [reported(nestedTooDeeply(fileOf(options.id)), shownOf(new Map(), []))] };
  }
}

function compiled(source: string, options: CompileOptions, fileOf: (id: string) => string, unchanged: CompileResult): CompileResult {
  const file = fileOf(options.id);
  let module: ModuleSource;
  try {
    module = parseModule(options.id, file, source);
  } catch (error) {
    const found = syntaxDiagnostic(error, file);
    return { ...unchanged, diagnostics: [reported(found, shownOf(new Map([[file, source]]), [found]))] };
  }
  const program: Program = {
    module,
    modules: new Modules(options.modules ?? {}, fileOf),
    rankModuleId: options.rankModuleId ?? `./${file.replace(/^.*\//, "").replace(/\.[^.]+$/, "")}.spmd.mjs`,
    strict: options.strict ?? false,
    inlined: options.inlined ?? [],
    diagnostics: [],
    directives: { functions: [], ofFile: null, diagnostics: [] },
    functions: [],
    captures: new Map(),
    exported: new Map(),
    output: null,
  };
  const stages = runPasses(program, options.check ?? false);
  const needs = [...program.modules.needs];
  if (needs.length > 0) return { ...unchanged, needs };
  const sources = program.modules.sources();
  sources.set(file, source);
  const shown = shownOf(sources, program.diagnostics);
  const diagnostics = inOrder(program.diagnostics, file).map((d) => reported(d, shown));
  const dependencies = [...program.modules.dependencies];
  if (program.functions.length === 0 || !program.output) return { ...unchanged, dependencies, stages, diagnostics };
  return {
    code: program.output.code,
    map: program.output.map,
    edits: program.output.edits,
    rankModule: program.output.rankModule,
    needs,
    dependencies,
    stages,
    diagnostics,
    manifest: program.functions.map(manifestOf),
  };
}

function runPasses(program: Program, check: boolean): Stage[] {
  const stages: Stage[] = [];
  let before = "";
  /** The last promise that a pass made holds after all later ones. */
  let reached: IRStage | undefined;
  for (const pass of pipeline) {
    if (hasErrors(program) && !pass.always) continue;
    pass.run(program);
    if (pass.name === "find-directives" && program.directives.functions.length === 0) break;
    if (program.modules.needs.size > 0 && pass.name === "validate") break;
    // Printing is a sixth of the time: a pass that only looks is printed where it is checked.
    const text = pass.kind === "validate" && !check ? before : printStage(pass, program);
    if (pass.kind === "validate" && text !== before) throw new Error(`${pass.name} changed the program`);
    stages.push({ name: pass.name, kind: pass.kind, text, changed: text !== before });
    before = text;
    reached = pass.leaves ?? reached;
    if (check && reached && !hasErrors(program)) for (const fn of program.functions) checkIR(fn.ir, reached);
  }
  return stages;
}

/** The program after every pass, as `LOCKSTEP_DEBUG=ir` prints it. */
export const printStages = (file: string, stages: readonly Stage[]): string =>
  stages.map(({ name, text, changed }) => `── ${file}: ${name}${changed ? "" : " (unchanged)"}\n${changed ? `${text}\n` : ""}`).join("\n");

function reported({ fix, ...of }: Diagnostic, { sources, hide }: Shown): ReportedDiagnostic {
  const locations = of.locations.map((place) => ({ ...place, label: hide(place.label) }));
  const diagnostic = { ...of, message: hide(of.message), locations, why: of.why.map(hide), fix: { ...fix, message: hide(fix.message) } };
  const frame = codeFrame(diagnostic, sources);
  return { ...diagnostic, frame, page: pageOf(diagnostic.code), text: formatDiagnostic(diagnostic, frame) };
}

/** In the order of the text, the compiled module's first. A helper that is called twice makes the same mistake once. */
function inOrder(diagnostics: readonly Diagnostic[], file: string): Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const d of diagnostics) seen.set(JSON.stringify([d.code, d.message, d.locations[0]]), d);
  const key = ({ locations: [place] }: Diagnostic): [string, number, number] => (place ? [place.file === file ? "" : place.file, place.line, place.column] : ["", 0, 0]);
  return [...seen.values()].sort((a, b) => {
    const [[file, line, column], [otherFile, otherLine, otherColumn]] = [key(a), key(b)];
    return file === otherFile ? line - otherLine || column - otherColumn : file < otherFile ? -1 : 1;
  });
}

function relativeTo(root: string | undefined): (id: string) => string {
  const slashes = (path: string) => path.replaceAll("\\", "/").replace(/[?#].*$/, "");
  const base = root === undefined ? null : slashes(root).replace(/\/?$/, "/");
  return (id) => (base !== null && slashes(id).startsWith(base) ? slashes(id).slice(base.length) : slashes(id));
}

function syntaxDiagnostic(error: unknown, file: string): Diagnostic {
  const { message, loc } = error as { message: string; loc?: { line: number; column: number } };
  if (!loc) throw error;
  return syntaxError(message.replace(/ \(\d+:\d+\)$/, ""), { file, line: loc.line, column: loc.column, endLine: loc.line, endColumn: loc.column + 1 });
}

export type { Diagnostic, InlinedSecret, ManifestFunction };
export { secretsAmong };

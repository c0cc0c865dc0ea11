/** THE list of passes, in order. Documentation, stages, debug output and the playground's tabs are made from it. */
import { inferDistributions } from "./distribute/infer.ts";
import { emitRankModule } from "./emit/rank-module.ts";
import { applyEdits, stubEdits } from "./emit/stub.ts";
import { inferOrder } from "./infer/order.ts";
import { inferTypes } from "./infer/types.ts";
import { noTables } from "./diagnostics/no-tables.ts";
import { instructions } from "./ir/ir.ts";
import { printFunction } from "./ir/print.ts";
import type { Stage as IRStage } from "./ir/spec.ts";
import { findBesides } from "./lower/besides.ts";
import { limitReaders } from "./lower/first-rows.ts";
import { cutPlans } from "./lower/cut-plans.ts";
import { pruneColumns } from "./lower/prune-columns.ts";
import { pushFilters } from "./lower/push-filters.ts";
import { lowerRowFunctions } from "./lower/row-functions.ts";
import { Reading } from "./parse/function.ts";
import { rowArgumentReader } from "./parse/row-arguments.ts";
import type { Program } from "./program.ts";
import { collectCaptures } from "./source/captures.ts";
import { checkSecrets } from "./source/check-secrets.ts";
import { findDirectives, headOf } from "./source/directives.ts";
import { isKnownEarly } from "./source/early.ts";
import { handedClasses } from "./source/handed-classes.ts";
import { mentionsTable } from "./source/table-types.ts";
import { validateAggregateTypes } from "./validate/aggregate-types.ts";
import { validateArrayKeys } from "./validate/array-keys.ts";
import { validateGathering } from "./validate/gathering.ts";
import { validateLeavesTry } from "./validate/leaves-try.ts";
import { checkLockstep } from "./validate/lockstep.ts";
import { validatePhiTypes } from "./validate/phi-types.ts";

export interface Pass {
  readonly name: string;
  /** transform: changes the program. validate: reports the user's mistakes. */
  readonly kind: "transform" | "validate";
  /** Also run when mistakes were found before, to find the others. */
  readonly always?: boolean;
  /** What the IR satisfies afterwards. */
  readonly leaves?: IRStage;
  run(program: Program): void;
}

const report = (program: Program) => (d: Program["diagnostics"][number]) => void program.diagnostics.push(d);

export const pipeline: readonly Pass[] = [
  // First: a module without annotated functions is done here, at the cost of a parse.
  { name: "find-directives", kind: "transform", always: true, run: (p) => {
    p.directives = findDirectives(p.module);
    p.diagnostics.push(...p.directives.diagnostics);
  } },
  // Needs the functions; everything later works on the IR alone, but for emit, which walks the source again.
  { name: "parse", kind: "transform", always: true, leaves: "parsed", run: (p) => {
    for (const annotated of p.directives.functions) {
      const exported = uniqueName(annotated.name, new Set(p.exported.values()));
      const fn = new Reading(p.module, p.modules, p.diagnostics).read(annotated, `${p.module.file}#${exported}`);
      p.functions.push(fn);
      p.exported.set(fn, exported);
    }
  } },
  // Before any validation: a rule looks at typed columns and expressions, and the inlined helpers have types only from their calls.
  { name: "infer-types", kind: "transform", always: true, run: (p) => {
    for (const fn of p.functions) inferTypes(fn.ir, rowArgumentReader(fn, p.modules), report(p));
  } },
  // Before the first rewriting pass: from here on columns and lines are no longer the user's.
  { name: "validate", kind: "validate", always: true, leaves: "typed", run: (p) => {
    for (const fn of p.functions) {
      const { node } = fn.annotated;
      // A table that could not be followed is one all the same.
      if (instructions(fn.ir).next().done && fn.ir.blocks.every(({ met }) => met.length === 0) && !node.params.some((param) => mentionsTable(param, { module: fn.module, scope: fn.module.scope }))) p.diagnostics.push(noTables(fn.annotated.name, headOf(node, fn.module)));
      validatePhiTypes(fn.ir, report(p));
      validateAggregateTypes(fn.ir, report(p));
      validateArrayKeys(fn.ir, report(p));
      p.captures.set(fn, collectCaptures(fn, p.modules, report(p)));
    }
    checkSecrets(p);
  } },
  // Before prune-columns: a column that only a pushed filter reads is not carried further than the scan.
  { name: "push-filters", kind: "transform", run: (p) => {
    for (const fn of p.functions) pushFilters(fn.ir, (captured, frame) => isKnownEarly(captured, fn.frames[frame]!));
  } },
  // After push-filters; before distributions, so that a pruned key no longer counts as a partitioning.
  { name: "prune-columns", kind: "transform", leaves: "pruned", run: (p) => {
    for (const fn of p.functions) {
      findBesides(fn.ir);
      pruneColumns(fn.ir);
      limitReaders(fn.ir);
    }
  } },
  // After the operators are final.
  { name: "infer-distributions", kind: "transform", always: true, leaves: "distributed", run: (p) => {
    for (const fn of p.functions) inferDistributions(fn.ir);
  } },
  // Needs distributions: a loop over a replicated table is an ordinary loop.
  { name: "validate-gathering", kind: "validate", always: true, run: (p) => {
    for (const fn of p.functions) validateGathering(fn.ir, p.strict, report(p));
  } },
  // Before cut-plans: a spool keeps the order of what it holds only where it is observed.
  { name: "infer-order", kind: "transform", leaves: "ordered", run: (p) => {
    for (const fn of p.functions) inferOrder(fn.ir);
  } },
  // After all passes that add or remove consumers.
  { name: "cut-plans", kind: "transform", leaves: "cut", run: (p) => {
    for (const fn of p.functions) cutPlans(fn.ir);
  } },
  // After cut-plans: where a table is computed is known now.
  { name: "validate-try", kind: "validate", run: (p) => {
    for (const fn of p.functions) validateLeavesTry(fn.ir, report(p));
  } },
  // After cut-plans: what communicates is known now. Conditions come from the source, so it runs after mistakes too.
  { name: "check-lockstep", kind: "validate", always: true, run: (p) => {
    for (const fn of p.functions) checkLockstep(fn.ir, report(p));
  } },
  // Last before emit: no pass looks into a row function after this.
  { name: "lower-row-functions", kind: "transform", run: (p) => {
    for (const fn of p.functions) lowerRowFunctions(fn.ir);
  } },
  { name: "emit", kind: "transform", run: emit },
];

/** Two functions of a module may have the same name in different places. */
function uniqueName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
  return name;
}

function emit(p: Program): void {
  const functions = p.functions.map((fn) => ({ fn, captures: p.captures.get(fn)!, classes: handedClasses(fn, p.captures.get(fn)!, p.modules), exported: p.exported.get(fn)! }));
  const { classNames, ...rankModule } = emitRankModule(functions, p.module);
  const stubs = functions.map(({ fn, captures, classes, exported }) => ({
    fn, exported, captured: [...captures.captured.keys()], classes: new Map(classes.map(({ binding, name }) => [classNames.get(binding)!, name])),
  }));
  const edits = stubEdits(stubs, p.directives.ofFile, p.module, p.rankModuleId);
  p.output = { ...applyEdits(p.module, edits), edits, rankModule };
}

/** The program as it stands after a pass. */
export function printStage(pass: Pass, program: Program): string {
  if (pass.name === "find-directives") {
    return program.directives.functions.map((f) => `${f.name} ${f.node.loc?.start.line}:${(f.node.loc?.start.column ?? 0) + 1}`).join("\n");
  }
  if (pass.name === "emit") return program.output?.rankModule.code ?? "";
  return program.functions.map((fn) => printFunction(fn.ir)).join("\n\n");
}

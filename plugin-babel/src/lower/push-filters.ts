/**
 * push-filters: a filter moves towards the reader it filters, past verbs that leave its columns alone, and into the scan,
 * where it prunes row groups and files.
 *
 * It moves only if its rows are all that anybody sees of the verbs it passes (one consumer each), and only if neither it nor
 * a row function it passes can throw: otherwise another row, or none, would throw than in the untransformed program.
 * A conjunct that stays behind (it reads a derived column, or can throw) leaves all later ones where they are.
 */
import { isFallible } from "../functions/fallible.ts";
import { type CapturedExpression, capturedIn, children, columnsRead, type Expression, scriptIn } from "../ir/expression.ts";
import { conjuncts, substituteColumns } from "../functions/rewrite.ts";
import { type FunctionIR, type Instruction, instructions, type ValueId, usesOf, valuesOf } from "../ir/ir.ts";
import { verbOf } from "../verbs/index.ts";

/** What a reader's statement can use: what has its value before the function's first statement. */
export type AvailableEarly = (captured: CapturedExpression, frame: number) => boolean;

export function pushFilters(fn: FunctionIR, availableEarly: AvailableEarly): void {
  const values = valuesOf(fn);
  for (const filter of [...instructions(fn)].filter((i) => i.op === "filter")) {
    const predicate = filter.rows[0]?.expression;
    if (!predicate) continue;
    const argument = filter.rows[0]!;
    // A filter removed before has handed its consumers to its input.
    const uses = usesOf(fn);
    const staying: Expression[] = [];
    for (const conjunct of conjuncts(predicate)) {
      const target = staying.length === 0 ? destination(conjunct, filter, values, uses, availableEarly) : null;
      if (target) target.reader.pushed.push({ ...argument, expression: target.expression });
      else staying.push(conjunct);
    }
    argument.expression = staying.length === 0 ? null : staying.reduce((left, right) => ({ kind: "and", left, right, type: right.type, span: left.span }));
    if (argument.expression === null) remove(filter, fn);
  }
}

function destination(
  conjunct: Expression,
  filter: Instruction,
  values: ReadonlyMap<ValueId, Instruction>,
  uses: ReturnType<typeof usesOf>,
  availableEarly: AvailableEarly,
): { reader: Instruction; expression: Expression } | null {
  if (conjunct.type.js !== "boolean" || isFallible(conjunct) || scriptIn(conjunct) || !capturedIn(conjunct).every((captured) => availableEarly(captured, filter.frame))) return null;
  let expression: Expression | null = conjunct;
  let at = values.get(filter.inputs[0]!);
  while (at && expression && uses.get(at.id)?.length === 1) {
    if (at.op === "phi") return null;
    const verb = verbOf(at.op);
    // A reader in a helper does not see the caller's values.
    if (verb.role === "reader") return at.frame === filter.frame || capturedIn(expression).length === 0 ? { reader: at, expression } : null;
    if (at.rows.some((r) => r.expression && isFallible(r.expression))) return null;
    const passed: ReturnType<NonNullable<typeof verb.passFilter>> | undefined = verb.passFilter?.(at, columnsRead(expression));
    if (!passed) return null;
    if (passed.rename) expression = renamed(expression, passed.rename);
    at = values.get(at.inputs[passed.input]!);
  }
  return null;
}

/** Null when a script reads one of the renamed columns by its name. */
const renamed = (e: Expression, names: ReadonlyMap<string, string>): Expression | null => {
  const types = new Map<string, Expression>();
  const visit = (x: Expression) => {
    if (x.kind === "column") types.set(x.name, x);
    children(x).forEach(visit);
  };
  visit(e);
  return substituteColumns(e, (name) => {
    const column = types.get(name);
    const from = names.get(name);
    return column?.kind === "column" && from !== undefined ? { ...column, name: from } : undefined;
  });
};

/** The filter's consumers read its input. */
function remove(filter: Instruction, fn: FunctionIR): void {
  const [input] = filter.inputs;
  for (const block of fn.blocks) {
    block.instructions = block.instructions.filter((i) => i !== filter);
    for (const i of block.instructions) i.inputs = i.inputs.map((v) => (v === filter.id ? input! : v));
    const t = block.terminator;
    if (t.kind === "return" && t.value === filter.id) block.terminator = { ...t, value: input! };
  }
}


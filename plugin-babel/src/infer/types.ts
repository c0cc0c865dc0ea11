/**
 * infer-types: the row type of every table, and a typed expression for every row argument.
 *
 * A walk in reverse postorder reaches every value before its uses, but for the back edges of loops: a phi takes the type
 * of its operands typed so far, and validate/phi-types.ts holds the others against it.
 *
 * After a mistake the walk goes on, so that one build shows them all: what a mistake would have defined gets a stand-in type,
 * and whatever mentions it is not checked.
 */
import { type Diagnostic, withoutEdits } from "../diagnostics/diagnostic.ts";
import { groupedTable } from "../diagnostics/grouped-table.ts";
import { misspeltColumn } from "../diagnostics/misspelt-column.ts";
import { noInterface } from "../diagnostics/no-interface.ts";
import type { Expression } from "../ir/expression.ts";
import { columnOf, type FunctionIR, type Instruction, instructions, type OutputColumn, type RowArgument, selectedBy, type TableType, type ValueId, valuesOf } from "../ir/ir.ts";
import { eitherType, type RowType, type SourceSpan, unsureType, type ValueType } from "../ir/types.ts";
import { isComplete, type TypeContext, verbOf } from "../verbs/index.ts";
import { parameter } from "../verbs/parameter.ts";
import type { Verb } from "../verbs/verb.ts";

/** How operands become expressions: parse knows, the pipeline hands it in. */
export interface RowArgumentReader {
  /** `column` for a column named by a string, null for a row function. */
  column(argument: RowArgument): string | null;
  /** `rows`: of its parameters. Null after a report. */
  read(argument: RowArgument, rows: readonly RowType[], origin: (column: string, param?: number) => readonly string[], report: (d: Diagnostic) => void, verb: SourceSpan): Expression | null;
}

export function inferTypes(fn: FunctionIR, reader: RowArgumentReader, report: (d: Diagnostic) => void): void {
  new TypeInference(fn, reader, report).run();
}

const STAND_IN: ValueType = { js: "number", nullable: false };

class TypeInference {
  readonly #fn: FunctionIR;
  readonly #reader: RowArgumentReader;
  readonly #report: (d: Diagnostic) => void;
  readonly #values: ReadonlyMap<ValueId, Instruction>;
  /** Columns whose type is a stand-in, by table. */
  readonly #doubtful = new Map<ValueId, ReadonlySet<string>>();
  readonly #done = new Set<ValueId>();
  readonly #withoutInterface = new Set<ValueId>();

  constructor(fn: FunctionIR, reader: RowArgumentReader, report: (d: Diagnostic) => void) {
    this.#fn = fn;
    this.#reader = reader;
    this.#report = report;
    this.#values = valuesOf(fn);
  }

  run(): void {
    // A phi may have its first typed operand on a back edge (`let t = null` before the loop): then another round is needed.
    for (let before = -1; before !== this.#done.size; ) {
      before = this.#done.size;
      for (const i of instructions(this.#fn)) {
        if (this.#done.has(i.id)) continue;
        if (i.op === "phi") this.#inferPhi(i);
        else this.#infer(i);
      }
    }
    for (const i of instructions(this.#fn)) if (this.#isOpen(i)) this.#reportOpen(i, i.span);
  }

  #isOpen = (i: Instruction): boolean => i.op !== "phi" && i.declared === null && (i.op === parameter.name || verbOf(i.op).role === "reader" || looksAtRows(verbOf(i.op)));

  /** Once a reader, at the first use of a column where there is one. */
  #reportOpen(i: Instruction, span: SourceSpan): void {
    if (this.#withoutInterface.has(i.id)) return;
    this.#withoutInterface.add(i.id);
    this.#report(noInterface(i.op === parameter.name ? "Table" : i.op, span));
  }

  #inferPhi(phi: Instruction): void {
    const typed = phi.inputs.map((v) => this.#values.get(v)).filter((input) => input?.type);
    if (typed.length === 0) return;
    this.#done.add(phi.id);
    const type = typed.map((input) => input!.type!).reduce(orNull);
    // What a back edge will bring is not known yet: its types are held against these, its nulls are not.
    phi.type = typed.length === phi.inputs.length ? type : { ...type, row: type.row.map((c) => ({ ...c, type: unsureType(c.type) })) };
    this.#doubtful.set(phi.id, new Set(typed.flatMap((input) => [...(this.#doubtful.get(input!.id) ?? [])])));
  }

  #infer(i: Instruction): void {
    if (!isComplete(i) || (i.inputs.length === 0 && (i.declared?.length === 0 || (i.declared === null && i.rows.length > 0)))) return;
    const inputs = this.#inputs(i);
    if (!inputs) return;
    this.#done.add(i.id);
    const verb = verbOf(i.op);
    if (inputs.some((type, n) => type.groups !== null && !(n === 0 && verb.grouped))) return this.#report(groupedTable(i.op, i.span));

    // What is selected is named, even where it is nothing.
    const isBare = i.rows.every((r) => r.role === "parameter");
    this.#select(i, inputs);
    const doubtful = new Set(i.inputs.flatMap((v) => [...(this.#doubtful.get(v) ?? [])]));
    if (isBare) i.rows.push(...this.#implied(i, inputs));
    for (const argument of i.rows) {
      if (argument.expression !== null || argument.source === "" || argument.aggregate === "count") continue;
      argument.expression = this.#expression(i, argument, inputs, doubtful);
      if (argument.expression === null) {
        argument.expression = { kind: "literal", value: 0, type: STAND_IN, span: argument.span };
        if (argument.name !== null) doubtful.add(argument.name);
      }
    }
    const context: TypeContext = {
      report: (d) => {
        if (!mentions(i, doubtful)) this.#report(d);
      },
      origin: (of, input, column) => this.#origin(of.inputs[input]!, column),
    };
    const type = verb.type(i, inputs, context);
    // Which column select meant is unknown, so nothing can be said of what follows. A reader's columns are the interface's.
    i.type = type && !i.open && (i.inputs.length === 0 || i.columns.every((c) => columnOf(type.row, c.as))) ? type : null;
    if (i.type) this.#doubtful.set(i.id, new Set(i.type.row.map((c) => c.name).filter((name) => doubtful.has(name))));
  }

  /** Null: nothing can be said about this instruction; the reason is reported where it lies. */
  #inputs(i: Instruction): TableType[] | null {
    const types: TableType[] = [];
    for (const id of i.inputs) {
      const input = this.#values.get(id);
      if (input?.type) types.push(input.type);
      else {
        if (input && this.#isOpen(input)) this.#reportOpen(input, i.rows[0]?.span ?? i.columns[0]?.span ?? i.span);
        return null;
      }
    }
    return types;
  }

  /** Puts columns in the place of selectors; where others are put, the verb finds. */
  #select(i: Instruction, inputs: readonly TableType[]): void {
    const chosen = (of: RowArgument | OutputColumn): string[] => {
      const { row } = inputs[of.input]!;
      i.wild = [...new Set([...(i.wild ?? []), of.input])];
      for (const name of of.selector!.names) {
        if (!columnOf(row, name)) this.#report(withoutEdits(misspeltColumn(name, of.span, row, this.#origin(i.inputs[of.input]!, name))));
      }
      return selectedBy(of.selector!, row);
    };
    i.columns = i.columns.flatMap((c) => {
      if (!c.selector || c.option !== undefined) return [c];
      const { selector: _, ...column } = c;
      return chosen(c).map((name) => ({ ...column, from: name, as: name }));
    });
    i.rows = i.rows.flatMap((r) => {
      if (!r.selector) return [r];
      const { selector: _, ...argument } = r;
      return chosen(r).map((name): RowArgument => ({ ...argument, name, source: "", expression: { kind: "column", name, type: columnOf(inputs[r.input]!.row, name)!, span: r.span } }));
    });
  }

  #implied(i: Instruction, inputs: readonly TableType[]): RowArgument[] {
    return (verbOf(i.op).implied?.(inputs) ?? []).map(({ role, input, column }) => {
      const type = columnOf(inputs[input]!.row, column)!;
      return { role, input, name: column, span: i.span, source: "", expression: { kind: "column", name: column, type, span: i.span } };
    });
  }

  #expression(i: Instruction, argument: RowArgument, inputs: readonly TableType[], doubtful: ReadonlySet<string>): Expression | null {
    const seen = verbOf(i.op).sees?.(i, argument, inputs) ?? (argument.role === "match" ? inputs.map((input) => input.row) : [inputs[argument.input]?.row ?? []]);
    const [row = []] = seen;
    const origin = (column: string, param = 0) => {
      const isBeside = argument.role === "column" && i.rows.some((r) => r.name === column && (r.role === "column" || r.role === "window"));
      return isBeside ? [`this ${i.op} makes it, and all its functions see the row as it was: read it in a ${i.op} after this one`] : this.#origin(i.inputs[argument.input + param]!, column);
    };
    const muted = mentionsText(argument.source, doubtful);
    const report = (d: Diagnostic) => {
      if (!muted) this.#report(d);
    };
    const column = this.#reader.column(argument);
    if (column === null) return this.#reader.read(argument, seen, origin, report, i.span);
    const type = columnOf(row, column);
    if (type) return { kind: "column", name: column, type, span: argument.span };
    report(misspeltColumn(column, argument.span, row, origin(column), argument.descending === false ? { sorted: { before: i.rows[i.rows.indexOf(argument) - 1]?.name ?? null } } : {}));
    return null;
  }

  /** "dropped by rollup at line 30": the verb nearest above that had the column and let it go. */
  #origin(value: ValueId, column: string, seen: Set<ValueId> = new Set()): readonly string[] {
    const i = this.#values.get(value);
    if (!i || seen.has(value)) return [];
    seen.add(value);
    for (const input of i.inputs) {
      const above = this.#values.get(input);
      if (above?.type && columnOf(above.type.row, column)) return [`'${column}' was there until ${i.op} at line ${i.span.line}`];
    }
    return i.inputs.flatMap((input) => this.#origin(input, column, seen)).slice(0, 1);
  }
}

/** A column is a member, in quotes or in a pattern: `d` of `(d) => d.fare` is none. */
const mentionsText = (source: string, names: ReadonlySet<string>): boolean => [...names].some((name) => new RegExp(`[.{,["'\`]\\s*${escape(name)}(?!\\w)`).test(source));
const escape = (name: string) => name.replace(/[^\w]/g, "\\$&");

const mentions = (i: Instruction, names: ReadonlySet<string>): boolean =>
  i.columns.some((c) => names.has(c.from)) || i.rows.some((r) => (r.name !== null && names.has(r.name)) || mentionsText(r.source, names));

/** A column that is null on one path may be null where the paths meet. */
const orNull = (a: TableType, b: TableType): TableType => ({
  ...a,
  row: a.row.map((c) => ({ ...c, type: eitherType(c.type, columnOf(b.row, c.name) ?? c.type) })),
});

/** Whether it is told of rows of a table that it opens itself. */
const looksAtRows = ({ role, on, signature }: Verb): boolean => role === "writer" && on === "module" && signature.some(({ kind }) => kind === "predicate");

/**
 * parse: an annotated function → its IR. Statements make the control-flow graph, table expressions its instructions;
 * helpers that take or return tables are read where they are called, each call in a frame of its own.
 */
import type * as t from "@babel/types";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { recursiveHelper } from "../diagnostics/recursive-helper.ts";
import { tableEscapes } from "../diagnostics/table-escapes.ts";
import { varyingResult } from "../diagnostics/varying-result.ts";
import { Builder, type Variable } from "../ir/builder.ts";
import type { FrameId, Instruction, RowArgument, Scalar, ValueId } from "../ir/ir.ts";
import type { AnnotatedFunction } from "../source/directives.ts";
import { readExpression } from "./frontends/tables/expressions.ts";
import type { Operand, ParsedFunction, Site, SourceFrame } from "../source/frames.ts";
import { readRowType } from "./frontends/tables/interface.ts";
import { Shapes } from "./frontends/tables/shapes.ts";
import { type Binding, type ModuleSource, spanOf, textOf } from "../source/module.ts";
import type { Modules } from "../source/modules.ts";
import { type Helper, helperOf, type Place } from "../source/names.ts";
import { mentionsTable, tableIn } from "../source/table-types.ts";
import { mayFail, readStatements } from "./statements.ts";
import { Varying } from "../source/varying.ts";

interface Loop {
  readonly label: string | null;
  readonly onBreak: number;
  /** Null: a switch or a labelled block, which `continue` passes by. */
  readonly onContinue: number | null;
}

/** State of reading one annotated function. */
export class Reading {
  readonly builder = new Builder();
  readonly frames: SourceFrame[] = [];
  readonly sites = new Map<FrameId, Map<t.Node, Site>>();
  readonly operands = new Map<RowArgument, Operand>();
  readonly literals = new Map<Instruction, t.ObjectExpression>();
  readonly loops: Loop[] = [];
  readonly home: ModuleSource;
  readonly modules: Modules;
  readonly shapes: Shapes;
  readonly #varying: Varying;
  readonly #diagnostics: Diagnostic[];
  readonly #variables = new Map<SourceFrame, Map<Binding, Variable>>();
  frame!: SourceFrame;
  /** Where names are looked up at the node being read. */
  place!: Place;
  /** What the function being read returns is awaited. */
  promised = true;
  /** The label of the loop that is read next, so that `continue outer` finds it. */
  label: string | null = null;
  /** The tables of the list read last: of `await Promise.all([…])` and of array literals that are taken apart. */
  listed: (ValueId | null)[] = [];

  constructor(home: ModuleSource, modules: Modules, diagnostics: Diagnostic[]) {
    this.home = home;
    this.modules = modules;
    this.shapes = new Shapes(modules);
    this.#varying = new Varying(modules, (node, place) => this.shapes.isTable(node, place));
    this.#diagnostics = diagnostics;
  }

  report(diagnostic: Diagnostic): void {
    this.#diagnostics.push(diagnostic);
  }

  span(node: t.Node) {
    return spanOf(node, this.frame.module);
  }

  site(node: t.Node, site: Site): void {
    let ofFrame = this.sites.get(this.frame.id);
    if (!ofFrame) this.sites.set(this.frame.id, (ofFrame = new Map()));
    ofFrame.set(node, site);
  }

  /** A condition of the source; `node` decides it. */
  condition(node: t.Node, source = textOf(node, this.frame.module)): Scalar {
    return { source, span: this.span(node), ...(this.#varying.is(node, this.place) ? { varying: true } : {}) };
  }

  /** What in `node` may throw on some ranks and not on others; a helper that is read where it is called shows its own. */
  failing(node: t.Node): Scalar | null {
    const isRead = (call: t.Node): boolean => {
      const helper = call.type === "CallExpression" ? helperOf(call.callee, this.place, this.modules) : null;
      return helper !== null && this.shapes.touches(helper.node, helper);
    };
    const found = this.#varying.failing(node).find((call) => !isRead(call));
    if (!found) return null;
    const [first, ...more] = textOf(found, this.frame.module).split("\n");
    return { source: more.length > 0 ? `${first} …` : first!, span: this.span(found), varying: true, throws: true };
  }

  /** The elements of a loop, as what decides how often it goes round. */
  rounds(elements: t.Node, source: string): Scalar {
    return { source, span: this.span(elements), ...(this.#varying.variesInLength(elements, this.place) ? { varying: true } : {}) };
  }

  /** The first of these operands about which ranks may disagree. */
  varyingOf(operands: readonly t.Node[]): Scalar | null {
    const found = operands.find((operand) => this.#varying.is(operand, this.place));
    return found ? this.condition(found) : null;
  }

  /** Runs `body` with names looked up inside `node`, when it makes a scope. */
  within<T>(node: t.Node, body: () => T): T {
    const outer = this.place;
    const scope = this.frame.module.scopeOf(node);
    if (scope) this.place = { module: this.frame.module, scope };
    try {
      return body();
    } finally {
      this.place = outer;
    }
  }

  /** The variable a name means here: of this frame, or of one it closes over. */
  variable(name: string): Variable | null {
    const binding = this.place.scope.getBinding(name);
    if (!binding || !this.shapes.holdsTable(binding)) return null;
    const owner = binding.scope.getFunctionParent()?.block;
    for (let frame: SourceFrame | null = this.frame; frame; frame = frame.enclosing) {
      if (frame.node === owner) return this.#variableOf(frame, binding);
    }
    return null;
  }

  #variableOf(frame: SourceFrame, binding: Binding): Variable {
    let ofFrame = this.#variables.get(frame);
    if (!ofFrame) this.#variables.set(frame, (ofFrame = new Map()));
    let variable = ofFrame.get(binding);
    if (!variable) ofFrame.set(binding, (variable = { name: binding.identifier.name }));
    return variable;
  }

  /** Reads a helper's body at a call of it; the result is the table it returns. */
  call(helper: Helper, call: t.CallExpression, tables: readonly (ValueId | null)[], result: "value" | "awaited"): ValueId | null {
    const span = this.span(call);
    if (helper.node.generator) {
      this.report(tableEscapes(span, "in a generator", "make it a loop, or a function that returns a list"));
      return null;
    }
    if (isOnStack(this.frame, helper.node)) {
      this.report(recursiveHelper(helper.name, span));
      return null;
    }
    const scope = helper.module.scopeOf(helper.node) ?? helper.scope;
    const outerFunction = helper.scope.getFunctionParent()?.block;
    let enclosing: SourceFrame | null = this.frame;
    while (enclosing && enclosing.node !== outerFunction) enclosing = enclosing.enclosing;
    const frame = this.#enterFrame(helper.name, helper.node, { module: helper.module, scope }, enclosing, this.frame);
    this.site(call, { kind: "frame", frame });

    const [outerFrame, outerPlace, outerPromise] = [this.frame, this.place, this.promised];
    this.promised = result === "awaited";
    const given: Binding[] = [];
    const parameters = helper.node.params.map((p) => (p.type === "Identifier" ? scope.getBinding(p.name) : undefined));
    tables.forEach((value, n) => {
      const binding = parameters[n];
      if (value !== null && binding) given.push(binding);
      else if (value !== null) this.report(tableEscapes(this.span(call.arguments[n] ?? call), `that ${helper.name} takes by another parameter than a name`, "give each table a parameter of its own, name: Table<Row>"));
    });
    this.shapes.analyse(helper.node, frame.place, given);
    this.#checkDefaults(helper.node, frame.place);
    this.#varying.given(helper.node, call.arguments, frame.place, outerPlace);
    this.#varying.analyse(helper.node, frame.place);
    tables.forEach((value, n) => {
      const binding = parameters[n];
      if (value !== null && binding) this.builder.write(this.#variableOf(frame, binding), value, { span: spanOf(binding.identifier, helper.module), frame: frame.id });
    });

    const loops = this.loops.splice(0);
    this.frame = frame;
    this.place = frame.place;
    const after = this.builder.newBlock();
    const returned: Variable = { name: `result of ${helper.name}` };
    if (helper.node.body.type === "BlockStatement") readStatements(helper.node.body.body, this);
    else {
      mayFail(helper.node.body, this);
      this.return(readExpression(helper.node.body, this, result));
    }
    if (this.builder.current) this.return(null);
    for (const { block, value } of frame.returns) {
      this.builder.enter(this.builder.blocks[block]!);
      if (value !== null) this.builder.write(returned, value, { span, frame: outerFrame.id });
      this.builder.goto(after);
    }
    this.builder.seal(after.id);
    this.builder.enter(after);
    this.loops.push(...loops);
    [this.frame, this.place, this.promised] = [outerFrame, outerPlace, outerPromise];
    return this.builder.read(returned);
  }

  /** A default is evaluated before the body, where nothing is read. */
  #checkDefaults({ params }: t.Function, place: Place): void {
    const found = params.find((p) => p.type !== "Identifier" && this.shapes.touches(p, place));
    if (found) this.report(tableEscapes(spanOf(found, place.module), "in the default of a parameter", "take the default inside the function: x ?? …"));
  }

  /** Ends the current block with a return from the current frame. */
  return(value: ValueId | null, written: t.Node | null = null): void {
    const block = this.builder.current;
    if (!block) return;
    this.frame.returns.push({ block: block.id, value });
    const varying = value === null || !written ? null : this.varyingOf([written]);
    if (value === null && written && this.frame.caller === null) this.#checkResult(written);
    if (this.frame.caller === null) this.builder.end({ kind: "return", value, ...(varying && { varying }) });
    else this.builder.current = null;
  }

  /** What an annotated function returns is rank 0's. */
  #checkResult(written: t.Node): void {
    if (!this.#varying.is(written, this.place)) return;
    const onRoot = new Varying(this.modules, (node, place) => this.shapes.isTable(node, place), { onRoot: true });
    onRoot.analyse(this.frame.node, this.frames[0]!.place);
    if (onRoot.is(written, this.place)) this.report(varyingResult(textOf(written, this.frame.module), this.span(written)));
  }

  #enterFrame(name: string, node: t.Function, place: Place, enclosing: SourceFrame | null, caller: SourceFrame | null): SourceFrame {
    const frame: SourceFrame = { id: this.frames.length, name, node, module: place.module, place, enclosing, caller, returns: [] };
    this.frames.push(frame);
    return frame;
  }

  /** Parameters declared `Table<Row>` are tables: handles of earlier calls, or local ones. */
  #readParameters({ node }: AnnotatedFunction): void {
    const tables = node.params.flatMap((p) => {
      const type = p.type === "Identifier" && p.typeAnnotation?.type === "TSTypeAnnotation" ? tableIn(p.typeAnnotation.typeAnnotation, this.place) : null;
      const binding = p.type === "Identifier" ? this.place.scope.getBinding(p.name) : undefined;
      if (type && binding) return [{ binding, row: type.typeArguments?.params[0] as t.TSType | undefined, node: p }];
      if (mentionsTable(p, this.place)) this.report(tableEscapes(this.span(p), "in a parameter of another type than Table<Row>", "give each table a parameter of its own, name: Table<Row>"));
      return [];
    });
    this.shapes.analyse(node, this.place, tables.map(({ binding }) => binding));
    for (const { binding, row, node: parameter } of tables) {
      const span = this.span(parameter);
      const declared = row ? readRowType(row, this) : null;
      const i = this.builder.add({ op: "parameter", span, frame: 0, declared, scalars: { name: { source: binding.identifier.name, span } } });
      this.builder.write(this.#variableOf(this.frame, binding), i.id, { span, frame: 0 });
    }
  }

  /** Reads the annotated function itself. */
  read(annotated: AnnotatedFunction, id: string): ParsedFunction {
    const scope = this.home.scopeOf(annotated.node)!;
    const root = this.#enterFrame(annotated.name, annotated.node, { module: this.home, scope }, null, null);
    this.frame = root;
    this.place = root.place;
    this.#readParameters(annotated);
    this.#checkDefaults(annotated.node, root.place);
    this.#varying.analyse(annotated.node, root.place);
    readStatements(annotated.node.body.body, this);
    if (this.builder.current) this.return(null);
    const frames = this.frames.map((f) => ({ id: f.id, name: f.name, call: null }));
    return {
      annotated,
      ir: { id, frames, blocks: this.builder.finish() },
      module: this.home,
      frames: this.frames,
      sites: this.sites,
      operands: this.operands,
      literals: this.literals,
      isTable: (binding) => this.shapes.holdsTable(binding),
      touches: (node, place) => this.shapes.touches(node, place),
    };
  }
}

function isOnStack(frame: SourceFrame | null, node: t.Function): boolean {
  return frame !== null && (frame.node === node || isOnStack(frame.caller, node));
}

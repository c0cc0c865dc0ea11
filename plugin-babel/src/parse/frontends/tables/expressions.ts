/** Expressions: table calls become instructions, everything else stays JavaScript and is only searched for them. */
import type * as t from "@babel/types";
import { missingAwait } from "../../../diagnostics/missing-await.ts";
import { syncObservation } from "../../../diagnostics/sync-observation.ts";
import { tableEscapes } from "../../../diagnostics/table-escapes.ts";
import { unknownProperty } from "../../../diagnostics/unknown-property.ts";
import { unknownVerb } from "../../../diagnostics/unknown-verb.ts";
import { varyingOperand } from "../../../diagnostics/varying-operand.ts";
import type { Block, Scalar, ValueId } from "../../../ir/ir.ts";
import { methods, readers, type Verb } from "../../../verbs/index.ts";
import type { Reading } from "../../function.ts";
import { agreedArguments, collectiveOf } from "../../../source/collectives.ts";
import { bare, textOf } from "../../../source/module.ts";
import { isConsole, isSent, sends } from "../../../source/effects.ts";
import { helperOf, runtimeName } from "../../../source/names.ts";
import { mayFail, readAssignment, readLoop } from "../../statements.ts";
import { childNodes, evaluatedNodes, isTypeOnly } from "../../../source/walk.ts";
import { readArguments } from "./arguments.ts";
import { checkTypesOption, readInterface } from "./interface.ts";
import { asyncMapOf, isPromiseAll } from "./shapes.ts";

/** "awaited": a promise is expected here. "list": the elements of a list are taken apart by the caller. Else the property that is read of it. */
type Context = "value" | "awaited" | "list" | { readonly member: string };

/** Reads an expression; the table it gives, or null for a scalar. */
export function readExpression(node: t.Node, r: Reading, context: Context = "value"): ValueId | null {
  const e = bare(node);
  if (isSent(e, r.place)) r.builder.send({ source: textOf(e, r.frame.module), span: r.span(e) });
  switch (e.type) {
    case "Identifier": {
      const variable = r.variable(e.name);
      return variable ? r.builder.read(variable) : null;
    }
    case "AwaitExpression":
      return readExpression(e.argument, r, context === "list" ? "list" : "awaited");
    case "AssignmentExpression":
      if (e.operator === "??=" || e.operator === "||=" || e.operator === "&&=") return readLogicalAssignment(e, r);
      if (e.operator !== "=") break;
      readAssignment(e.left, e.right, r);
      return e.left.type === "Identifier" ? readExpression(e.left, r) : null;
    case "SequenceExpression":
      return e.expressions.reduce<ValueId | null>((_, part) => readExpression(part, r), null);
    case "ConditionalExpression":
      return readChoice(e, e.test, (then) => (then ? e.consequent : e.alternate), r, context);
    case "LogicalExpression":
      return readChoice(e, e.left, (then) => (then === (e.operator === "&&") ? e.right : e.left), r, context);
    case "CallExpression":
      return readCall(e, r, context);
    case "MemberExpression":
      if (r.shapes.isTable(e.object, r.place)) return reportProperty(e, r);
      if (e.computed || e.property.type !== "Identifier") break;
      readExpression(e.object, r, { member: e.property.name });
      return null;
    case "ArrayExpression":
      if (context !== "list") break;
      readList(e.elements, r, "value");
      return null;
    case "ArrowFunctionExpression":
    case "FunctionExpression":
    case "ObjectMethod":
    case "ClassExpression":
      searchCallback(e, r);
      return null;
    case "UnaryExpression":
      readExpression(e.argument, r);
      return null;
    case "BinaryExpression":
      // `t === null` asks whether the variable has been given a table.
      readExpression(e.left, r);
      readExpression(e.right, r);
      return null;
  }
  readParts(e, r);
  return null;
}

/** A condition that guards what comes; ends the current block. */
export function readCondition(test: t.Node, then: Block, otherwise: Block, r: Reading): void {
  mayFail(test, r);
  readExpression(test, r);
  r.builder.end({ kind: "branch", condition: r.condition(test), then: then.id, else: otherwise.id });
}

/** The collection of a for…of: a table is gathered. */
export function readGather(node: t.ForOfStatement, r: Reading): void {
  const table = readExpression(node.right, r);
  if (table === null) return;
  const span = r.span(node.right);
  const carried = carriedBy(node, r);
  const varying = r.varyingOf([node.right]);
  const scalars = { loop: { source: textOf(node.right, r.frame.module), span }, ...(carried ? { carried } : {}), ...(varying ? { varying } : {}) };
  const instruction = r.builder.add({ op: "objects", inputs: [table], span, frame: r.frame.id, scalars });
  r.site(node, { kind: "verb", instruction });
}

/** A variable of outside the loop that its body assigns. */
function carriedBy(loop: t.ForOfStatement, r: Reading): Scalar | null {
  const visit = (node: t.Node): Scalar | null => {
    const target = node.type === "AssignmentExpression" ? node.left : node.type === "UpdateExpression" ? node.argument : null;
    // Names are looked up from outside: what the body declares itself is not found, or is another variable.
    if (target?.type === "Identifier" && r.place.scope.getBinding(target.name)) return { source: target.name, span: r.span(node) };
    for (const child of childNodes(node)) {
      const found = visit(child);
      if (found) return found;
    }
    return null;
  };
  return visit(loop.body);
}

/** What stays JavaScript: searched for table calls, and no table may get lost in it. */
function readParts(e: t.Node, r: Reading): void {
  const tables: t.Node[] = [];
  for (const child of evaluatedNodes(e)) {
    if (isTypeOnly(child)) continue;
    if (readExpression(child, r) !== null) tables.push(child);
  }
  const [first, ...others] = tables.map((table) => r.span(table));
  const [where, fix] = whereIn(e);
  // Once, however many tables an array has.
  if (first) r.report(tableEscapes(first, where, fix, others));
}

function whereIn(e: t.Node): [where: string, fix?: string] {
  switch (e.type) {
    case "ArrayExpression":
      return ["in an array", "call a helper that takes one table for each: await one(a); await one(b); in a result take its rows: t.objects(); what is alike is put together with concat, and a reader takes a list of paths"];
    case "ObjectProperty":
    case "ObjectExpression":
      return ["in an object", "keep it in a variable of its own; in a result take its rows: t.objects()"];
    case "OptionalMemberExpression":
    case "OptionalCallExpression":
      return ["behind '?.'", "test it with if"];
    case "SpreadElement":
      return ["spread into a list", "spread its rows: ...t.objects()"];
    case "TemplateLiteral":
      return ["in a text", "print() it, or take values out of it: get, objects"];
    default:
      return ["in this place"];
  }
}

/** `c ? a : b`, `a ?? b`, `a && b`: two paths that meet; plain JavaScript if nothing on them communicates. */
function readChoice(e: t.ConditionalExpression | t.LogicalExpression | t.AssignmentExpression, test: t.Node, side: (then: boolean) => t.Node, r: Reading, context: Context = "value"): ValueId | null {
  if (!r.shapes.isTable(e, r.place) && !r.shapes.touches(e, r.place) && !sends(e, r.place)) return null;
  const { builder } = r;
  const [then, otherwise, after] = [builder.newBlock(), builder.newBlock(), builder.newBlock()];
  const left = readExpression(test, r);
  builder.end({ kind: "branch", condition: r.condition(test), then: then.id, else: otherwise.id });
  const result = { name: "choice" };
  for (const [block, node] of [[then, side(true)], [otherwise, side(false)]] as const) {
    builder.seal(block.id);
    builder.enter(block);
    const value = node === test ? left : readExpression(node, r, context === "awaited" ? context : "value");
    if (value !== null) builder.write(result, value, { span: r.span(e), frame: r.frame.id });
    builder.goto(after);
  }
  builder.seal(after.id);
  builder.enter(after);
  return builder.read(result);
}

/** `t ??= other`: assigned on one of two paths. */
function readLogicalAssignment(e: t.AssignmentExpression, r: Reading): ValueId | null {
  const value = readChoice(e, e.left, (then) => (then === (e.operator === "&&=") ? e.right : e.left), r);
  const variable = e.left.type === "Identifier" ? r.variable(e.left.name) : null;
  if (variable && e.left.type === "Identifier") r.builder.write(variable, value, { span: r.span(e.left), frame: r.frame.id });
  return value;
}

function readList(elements: readonly (t.Node | null)[], r: Reading, context: Context): void {
  r.listed = elements.map((element) => (element ? readExpression(element, r, context) : null));
}

function readCall(e: t.CallExpression, r: Reading, context: Context): ValueId | null {
  const name = runtimeName(e.callee, r.place);
  const reader = name === null ? undefined : readers.get(name);
  if (reader) return readVerb(e, reader, null, r, context);
  if (collectiveOf(e.callee, r.place)) return readCollective(e, r, context);

  if (isPromiseAll(e) && e.arguments[0]?.type === "ArrayExpression") {
    readList(e.arguments[0].elements, r, "awaited");
    const listed = r.listed;
    if (context !== "list" && context !== "awaited") r.report(missingAwait("Promise.all", r.span(e)));
    r.listed = listed;
    return null;
  }

  const mapped = isPromiseAll(e) && e.arguments[0] ? asyncMapOf(bare(e.arguments[0])) : null;
  if (mapped && (r.shapes.touches(mapped.each, r.place) || sends(mapped.each.body, { module: r.frame.module, scope: r.frame.module.scopeOf(mapped.each) ?? r.place.scope }))) {
    readExpression(mapped.list, r);
    const helper = { name: "each", node: mapped.each, module: r.frame.module, scope: r.place.scope };
    readLoop(r, { each: mapped.list, testFirst: true, body: () => {
      const table = r.call(helper, mapped.call, [], "awaited");
      if (table !== null) r.report(tableEscapes(r.span(mapped.each), "in an array", "put tables together with concat, in a loop if need be; a reader takes a list of paths"));
    } });
    if (context !== "list" && context !== "awaited") r.report(missingAwait("Promise.all", r.span(e)));
    return null;
  }

  const callee = bare(e.callee);
  const combinator = /^Promise\.(race|any|allSettled)$/.exec(textOf(callee, r.frame.module))?.[0];
  if (combinator && e.arguments.some((argument) => r.shapes.touches(argument, r.place))) {
    // Its operations count as awaited: what is wrong is said of the whole.
    if (e.arguments[0]?.type === "ArrayExpression") readList(e.arguments[0].elements, r, "awaited");
    r.report(missingAwait(combinator, r.span(e), null));
    return null;
  }
  if (callee.type === "MemberExpression" && r.shapes.isTable(callee.object, r.place)) {
    const method = nameOf(callee);
    // In brackets it would be emitted as it stands.
    const verb = method === null || callee.computed ? undefined : methods.get(method);
    const receiver = readExpression(callee.object, r, { member: method ?? "[…]" });
    if (verb && receiver !== null) return readVerb(e, verb, receiver, r, context);
    if (!verb) r.report(unknownVerb(method ?? "[…]", r.span(callee.property), [...methods.keys()]));
    return null;
  }

  const helper = helperOf(e.callee, r.place, r.modules);
  const tables = e.arguments.map((a) => r.shapes.isTable(a, r.place));
  if (helper && (tables.some(Boolean) || r.shapes.touches(helper.node, helper))) {
    const isAwaited = context === "awaited" || context === "list";
    if (helper.node.async && !isAwaited) r.report(missingAwait(helper.name, r.span(e), typeof context === "object" ? context.member : null));
    return r.call(helper, e, e.arguments.map((a) => readExpression(a, r)), helper.node.async || isAwaited ? "awaited" : "value");
  }
  if (e.callee.type !== "Super" && e.callee.type !== "Import") readExpression(e.callee, r);
  for (const argument of e.arguments) {
    const handed = runtimeName(argument, r.place);
    if (handed !== null && readers.has(handed)) r.report(syncObservation(handed, r.span(argument)));
    if (readExpression(argument, r) !== null) r.report(tableEscapes(r.span(argument), `as an argument of ${textOf(e.callee, r.frame.module)}`, isConsole(e.callee.type === "MemberExpression" ? e.callee.object : e.callee, r.place) ? "print() it: t.print()" : "give it the rows, t.objects(), or do here what it does with the table"));
  }
  return null;
}

/** `await allreduce(mine)`: what ranks bring may differ, how they meet may not. */
function readCollective(e: t.CallExpression, r: Reading, context: Context): null {
  const name = collectiveOf(e.callee, r.place)!;
  for (const argument of e.arguments) {
    if (readExpression(argument, r) !== null) r.report(tableEscapes(r.span(argument), `as an argument of ${name}`, "give it a value of this rank; tables are the same on all ranks"));
  }
  if (context !== "awaited" && context !== "list") r.report(missingAwait(name, r.span(e), typeof context === "object" ? context.member : null));
  const varying = r.varyingOf(agreedArguments(name, e));
  if (varying) r.report(varyingOperand(name, varying.source, varying.span, true));
  r.builder.meet({ collective: name, source: textOf(e, r.frame.module), span: r.span(e) });
  return null;
}

/** Reads a verb's operands and adds its instruction. */
function readVerb(e: t.CallExpression, verb: Verb, receiver: ValueId | null, r: Reading, context: Context): ValueId | null {
  const callee = bare(e.callee);
  const start = r.span(callee.type === "MemberExpression" && receiver !== null ? callee.property : callee);
  const { endLine, endColumn } = r.span(e);
  const args = readArguments(e, {
    verb,
    call: e,
    place: r.place,
    modules: r.modules,
    report: (d) => r.report(d),
    table: (node) => {
      const value = readExpression(node, r);
      if (value === null && !r.shapes.isTable(node, r.place)) r.report(tableEscapes(r.span(node), "that the compiler cannot recognise", "give it a variable that holds a table: of a reader, of a verb, or a parameter of type Table<Row>"));
      return value;
    },
    scalar: (node) => void readExpression(node, r),
  });
  if ((verb.role === "reader" || verb.role === "writer") && context !== "awaited" && context !== "list") {
    const missing = missingAwait(verb.name, r.span(e), typeof context === "object" ? context.member : null);
    // Where no await can stand, what it returns is awaited.
    r.report(r.frame.node.async ? missing : { ...missing, fix: { message: `await ${r.frame.name}(…) where it is called, and return this from it`, edits: [] } });
  }
  const member = typeof context === "object" ? context.member : "";
  if (verb.gives && /^(then|catch|finally)$/.test(member)) {
    r.report(unknownProperty(member, verb.gives, r.span(e), []));
  }
  const declared = verb.on === "module" ? readInterface(e, args.data, r) : null;
  const varying = r.varyingOf([...(receiver === null ? [] : [(callee as t.MemberExpression).object]), ...e.arguments]);
  const instruction = r.builder.add({
    op: verb.name,
    inputs: receiver === null ? args.inputs : [receiver, ...args.inputs],
    rows: args.rows,
    columns: verb.on === "module" ? [] : args.columns,
    scalars: { ...args.scalars, ...(varying ? { varying } : {}) },
    span: { ...start, endLine, endColumn },
    frame: r.frame.id,
    ...((args.open || declared?.open) && { open: true }),
    declared: declared?.row ?? null,
  });
  if (verb.role !== "verb" && declared?.row) checkTypesOption(e, verb, { ...declared, row: declared.row }, args.columns, r);
  for (const [argument, operand] of args.operands) r.operands.set(argument, operand);
  if (args.data) r.literals.set(instruction, args.data);
  r.site(e, { kind: "verb", instruction });
  return verb.role === "reader" || verb.role === "verb" ? instruction.id : null;
}

/** `filter` of `t.filter` and `t["filter"]`. */
function nameOf({ computed, property }: t.MemberExpression): string | null {
  if (computed) return property.type === "StringLiteral" ? property.value : null;
  return property.type === "Identifier" ? property.name : null;
}

function reportProperty(e: t.MemberExpression, r: Reading): null {
  readExpression(e.object, r);
  r.report(unknownVerb(nameOf(e) ?? "[…]", r.span(e.property), [...methods.keys()]));
  return null;
}

/** A function in scalar code runs when JavaScript likes: no table call may be in it. (Nor a collective: `captures.ts` finds those of methods, too.) */
export function searchCallback(fn: t.Node, r: Reading): void {
  const visit = (node: t.Node): void => {
    if (isTypeOnly(node)) return;
    r.within(node, () => {
      if (node.type === "CallExpression") {
        const callee = bare(node.callee);
        const name = runtimeName(callee, r.place);
        if (name !== null && readers.has(name)) return r.report(syncObservation(name, r.span(node)));
        if (callee.type === "MemberExpression" && callee.property.type === "Identifier" && r.shapes.isTable(callee.object, r.place)) {
          const verb = methods.get(callee.property.name);
          return r.report(verb?.role === "verb" ? tableEscapes(r.span(node), "inside a callback", "do it in the annotated function itself, in a loop: for (const x of list) …") : syncObservation(callee.property.name, r.span(callee.property)));
        }
      }
      if (node.type === "Identifier" && r.variable(node.name)) return r.report(tableEscapes(r.span(node), "inside a callback", "do it in the annotated function itself, in a loop: for (const x of list) …"));
      for (const child of evaluatedNodes(node)) visit(child);
    });
  };
  visit(fn);
}

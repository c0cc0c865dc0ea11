/**
 * The user's function as every rank runs it: a clone, statement by statement, with verbs taking descriptors, observers awaited,
 * and types gone. Positions stay on the nodes, so the source map is exact.
 */
import { parseExpression } from "@babel/parser";
import {
  arrayExpression, arrowFunctionExpression, awaitExpression, blockStatement, callExpression, type Expression, identifier, memberExpression, type Node, sequenceExpression, stringLiteral, variableDeclaration,
  variableDeclarator,
} from "@babel/types";
import type * as t from "@babel/types";
import { capturedText } from "../ir/captured.ts";
import type { Data } from "../ir/data.ts";
import type { Instruction, RowArgument, ValueId } from "../ir/ir.ts";
import { emittedArguments } from "../source/call-arguments.ts";
import { collectiveOf } from "../source/collectives.ts";
import { effectOf, isConsole } from "../source/effects.ts";
import type { ParsedFunction, Site, SourceFrame } from "../source/frames.ts";
import { bare, type Binding, spanOf } from "../source/module.ts";
import type { Place } from "../source/names.ts";
import { childNodes, isTypeOnly, nameIn } from "../source/walk.ts";
import { verbOf } from "../verbs/index.ts";
import { closureOf, closureOver } from "./closure.ts";
import { commentFor, notesOf, oneLine } from "./comments.ts";
import { type Descriptors, useOf } from "./descriptors.ts";

export interface RewriteContext {
  /** Empty for code that has no table calls. */
  readonly fn: Pick<ParsedFunction, "frames" | "sites" | "operands">;
  readonly values: ReadonlyMap<ValueId, Instruction>;
  readonly spools: ReadonlyMap<ValueId, Instruction>;
  readonly descriptors: Descriptors;
  /** The import of the SPMD runtime, usually `lockstep`. */
  readonly runtime: string;
  /** Names of outer bindings that are called otherwise in the emitted module. */
  readonly renamed: ReadonlyMap<Binding, string>;
  /** Emits a helper's clone for one call of it; answers its name and whether it must be awaited. */
  helper(frame: SourceFrame): { readonly name: string; readonly async: boolean };
}

export class Rewriter {
  readonly #context: RewriteContext;
  /** Null in code that cannot wait for other ranks: callbacks and plain helpers. */
  readonly #sites: ReadonlyMap<Node, Site> | null;
  #place: Place;
  #emitted: Instruction[] = [];
  /** Something in the function waits for other ranks, so it must be async. */
  awaits = false;

  constructor(context: RewriteContext, place: Place, sites: ReadonlyMap<Node, Site> | null) {
    this.#context = context;
    this.#place = place;
    this.#sites = sites;
  }

  /** A copy of `node` for the rank module; null for what only the type checker reads. */
  rewrite<N extends Node>(node: N): N {
    const outer = this.#place;
    const scope = outer.module.scopeOf(node);
    if (scope) this.#place = { module: outer.module, scope };
    try {
      return this.#dispatch(node) as N;
    } finally {
      this.#place = outer;
    }
  }

  /** A copy of the function whose table calls this rewriter knows. */
  function<N extends t.Function>(node: N): N {
    return this.#children(node) as N;
  }

  #dispatch(node: Node): Node {
    const plain = bare(node);
    if (plain !== node) return this.rewrite(plain);
    const site = this.#sites?.get(node);
    if (site && node.type === "ForOfStatement" && site.kind === "verb") {
      const right = this.#verb(site.instruction, this.#kept(this.rewrite(node.right), site.instruction.inputs[0]!), []);
      return this.#withComments({ ...this.#children(node, ["right"]), right } as Node, node);
    }
    if (site && node.type === "CallExpression") return site.kind === "verb" ? this.#call(node, site.instruction) : this.#helperCall(node, site.frame);
    if (this.#sites && effectOf(node, this.#place)?.kind === "alike") return this.#alike(node as Expression);
    if (this.#sites && node.type === "CallExpression" && collectiveOf(node.callee, this.#place)) return this.#collective(node);
    if (isConsole(node, this.#place)) return memberExpression(identifier(this.#context.runtime), identifier("console"));
    switch (node.type) {
      case "Identifier":
        return this.#identifier(node);
      case "MetaProperty":
        return node;
      case "AwaitExpression":
        return this.#await(node);
      case "ObjectProperty":
        return this.#property(node);
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
      case "ObjectMethod":
        return this.#nested(node);
    }
    return isStatement(node) ? this.#statement(node) : this.#children(node);
  }

  /** A comment needs a line of its own: a bare branch or loop body that gets one becomes a block. In front of what has a label it stands before that: `continue` needs the loop itself there. */
  #bodies(copy: Record<string, unknown>): void {
    const labelled = copy.type === "LabeledStatement" ? (copy.body as t.Statement) : null;
    if (labelled?.leadingComments) {
      copy.leadingComments = [...((copy.leadingComments as t.Comment[] | undefined) ?? []), ...labelled.leadingComments];
      labelled.leadingComments = null;
    }
    for (const key of ["body", "consequent", "alternate"]) {
      const body = copy[key];
      if (isNode(body) && isStatement(body) && body.type !== "BlockStatement" && body.leadingComments?.length) copy[key] = blockStatement([body as t.Statement]);
    }
  }

  /** Ranks that are at different ones notice it by its place. */
  #collective(node: t.CallExpression): Node {
    const { line, column, file } = spanOf(node, this.#place.module);
    const args = node.arguments.map((argument) => this.rewrite(argument)) as Expression[];
    return { ...callExpression(memberExpression(identifier(this.#context.runtime), identifier("collective")), [stringLiteral(`${file}:${line}:${column + 1}`), this.rewrite(node.callee) as Expression, ...args]), loc: node.loc } as Node;
  }

  /** Rank 0's value on every rank, also of what it waits for there. The expression is kept as it is, but for renamed names. */
  #alike(node: Expression): Expression {
    this.awaits = true;
    const inner = new Rewriter(this.#context, this.#place, null);
    const value = inner.#children(node) as Expression;
    const thunk = arrowFunctionExpression([], value, inner.awaits);
    return awaitExpression(callExpression(memberExpression(identifier(this.#context.runtime), identifier("alike")), [thunk]));
  }

  #statement(node: Node): Node {
    const outer = this.#emitted;
    this.#emitted = [];
    const copy = this.#withComments(this.#children(node), node);
    this.#emitted = outer;
    return copy;
  }

  /** The user's comments stay; ours stand between them and the statement. */
  #withComments(copy: Node, source: Node): Node {
    if (source.type === "BlockStatement" || this.#emitted.length === 0) return copy;
    const ours = commentFor(this.#emitted, this.#context.values).map((value) => ({ type: "CommentLine", value: ` ${oneLine(value)}` }) as t.CommentLine);
    copy.leadingComments = [...(copy.leadingComments ?? []), ...ours];
    this.#emitted = [];
    return copy;
  }

  #children(node: Node, except: readonly string[] = []): Node {
    const copy: Record<string, unknown> = { ...node };
    for (const key of ["typeAnnotation", "returnType", "typeParameters", "typeArguments", "definite", "accessibility", "optional", "predicate", "innerComments", "override", "readonly", "abstract", "implements", "superTypeArguments"]) {
      if (key === "optional" && (node.type === "OptionalMemberExpression" || node.type === "OptionalCallExpression")) continue;
      delete copy[key];
    }
    const name = nameIn(node);
    for (const [key, value] of Object.entries(copy)) {
      if (except.includes(key) || key === "loc" || key === "extra" || key.endsWith("Comments")) continue;
      if (name && value === name) copy[key] = { ...name };
      else if (Array.isArray(value)) copy[key] = value.filter((c) => !isNode(c) || !(isTypeOnly(c) || isDeclared(c))).flatMap((c) => (isNode(c) ? this.#variants(c) : [c]));
      else if (isNode(value)) copy[key] = isTypeOnly(value) ? null : this.rewrite(value);
    }
    if (/^(If|For|While|DoWhile|ForOf|ForIn|Labeled)Statement$/.test(node.type)) this.#bodies(copy);
    return copy as unknown as Node;
  }

  #identifier(node: t.Identifier): Node {
    const { typeAnnotation: _, optional: __, ...rest } = node;
    const binding = this.#place.scope.getBinding(node.name);
    const name = (binding && this.#context.renamed.get(binding)) ?? node.name;
    return { ...rest, name } as t.Identifier;
  }

  #property(node: t.ObjectProperty): Node {
    const value = this.rewrite(node.value);
    const key = node.computed ? this.rewrite(node.key) : { ...node.key };
    const sameName = value.type === "Identifier" && key.type === "Identifier" && value.name === key.name;
    return { ...node, key, value, shorthand: node.shorthand && (sameName || value.type === "AssignmentPattern") } as t.ObjectProperty;
  }

  #await(node: t.AwaitExpression): Node {
    const argument = bare(node.argument);
    // Communicating calls in a list run one after the other, in source order, on all ranks.
    const list = isPromiseAll(argument) ? argument.arguments[0] : undefined;
    if (list?.type === "ArrayExpression" && this.#containsSite(list)) {
      return arrayExpression(list.elements.map((e) => (e ? this.#awaited(this.rewrite(e) as Expression) : e)));
    }
    const looped = isPromiseAll(argument) ? bare(argument.arguments[0]!) : null;
    return this.#awaited(this.rewrite(looped && this.#sites?.get(looped) ? looped : argument) as Expression, node);
  }

  #awaited(inner: Expression, source?: t.AwaitExpression): Expression {
    this.awaits = true;
    if (inner.type === "AwaitExpression") return inner;
    // A spooled reader waits inside.
    if (inner.extra?.waited) return inner;
    return source ? { ...source, argument: inner } : awaitExpression(inner);
  }

  #containsSite(node: Node): boolean {
    return this.#sites?.has(node) || childNodes(node).some((child) => this.#containsSite(child));
  }

  #call(node: t.CallExpression, i: Instruction): Node {
    const verb = verbOf(i.op);
    const callee = bare(node.callee) as t.MemberExpression;
    let input = 0;
    const table = (e: Node): Expression => this.#kept(this.rewrite(e) as Expression, i.inputs[input++]!);
    const receiver = verb.on === "table" ? table(callee.object) : null;
    // A filter that moved into the scan is gone from here.
    if (!this.#context.values.has(i.id)) return receiver!;
    const args = emittedArguments(node, verb.signature).map((a): Expression => {
      if (a.kind === "text") return this.#parse(a.source);
      if (a.isTable) return table(a.node);
      return a.node.type === "StringLiteral" ? stringLiteral(a.node.value) : (this.rewrite(a.node) as Expression);
    });
    return this.#verb(i, receiver, args, node);
  }

  /** A variable that holds one of several tables is kept where it is used: the runtime keeps each table once. */
  #kept(table: Expression, value: ValueId): Expression {
    const { values } = this.#context;
    const spool = values.get(value);
    if (spool?.op !== "spool" || values.get(spool.inputs[0]!)?.op !== "phi") return table;
    this.#emitted.push(spool);
    return callExpression(memberExpression(table, identifier("spool")), [this.#descriptor(`spool_${spool.span.line}`, spool, verbOf("spool").lower(spool).descriptor)]);
  }

  #verb(i: Instruction, receiver: Expression | null, args: readonly Expression[], source?: t.CallExpression): Expression {
    const { runtime } = this.#context;
    const verb = verbOf(i.op);
    const { method, descriptor, pluck, value } = verb.lower(i);
    if (value !== undefined) return this.#known(receiver!, JSON.stringify(value));
    const property = source && verb.on === "table" ? { ...(bare(source.callee) as t.MemberExpression).property, name: method } : identifier(method);
    // Iteration and array() gather without options.
    const given = (i.op === "objects" && args.length === 0) || pluck !== undefined ? [this.#parse("{}")] : args;
    const target = memberExpression(receiver ?? identifier(runtime), property as t.Identifier);
    let result: Expression = {
      ...callExpression(target, [...given, this.#descriptor(`${i.op}_${i.span.line}`, i, descriptor)]),
      ...(source?.loc ? { loc: source.loc, start: source.start!, end: source.end! } : {}),
    };
    this.#emitted.push(i);
    if (verb.role === "observer") {
      this.awaits = true;
      result = awaitExpression(result);
    }
    if (pluck !== undefined) {
      const row = identifier("row");
      result = callExpression(memberExpression(result, identifier("map")), [arrowFunctionExpression([row], memberExpression(row, stringLiteral(pluck), true))]);
    }
    const spool = this.#context.spools.get(i.id);
    if (!spool) return result;
    this.#emitted.push(spool);
    if (verb.role === "reader") {
      this.awaits = true;
      result = awaitExpression(result);
    }
    const kept = callExpression(memberExpression(result, identifier("spool")), [this.#descriptor(`spool_${i.span.line}`, spool, verbOf("spool").lower(spool).descriptor)]);
    if (verb.role === "reader") kept.extra = { waited: true };
    return kept;
  }

  /** An answer that is known; a receiver that does something is still evaluated. */
  #known(receiver: Expression, value: string): Expression {
    const answer = this.#parse(value);
    return receiver.type === "Identifier" ? answer : sequenceExpression([receiver, answer]);
  }

  #descriptor(name: string, i: Instruction, fields: { readonly [key: string]: Data }): Expression {
    const use = this.#context.descriptors.add(name, { site: siteOf(i), ...fields }, notesOf(i));
    return useOf(use, (taken) => (taken.kind === "script" ? this.#script(i.rows.find((row) => row.expression === taken)!) : this.rewrite(this.#parse(capturedText(taken)))));
  }

  /** A row function that V8 runs, as written, over what it sees where its verb is called. */
  #script(row: RowArgument): Expression {
    const operand = this.#context.fn.operands.get(row);
    if (operand?.kind !== "function") throw new Error("a script was no function");
    const node = bare(operand.node);
    const written = (part: Node, place: Place) => new Rewriter(this.#context, place, null).rewrite(part) as Expression;
    return closureOver(closureOf(node, operand.place), written(node, operand.place), this.#context.runtime, (helper) => written(helper.node, { module: operand.place.module, scope: helper.binding.scope }));
  }

  #helperCall(node: t.CallExpression, frame: SourceFrame): Node {
    // `Promise.all(xs.map(async …))`: all ranks go through the elements in their order.
    if (node.callee.type === "MemberExpression") {
      this.awaits = true;
      const args = [this.rewrite(node.callee.object) as Expression, this.rewrite(node.arguments[0]!) as Expression];
      return awaitExpression({ ...callExpression(memberExpression(identifier(this.#context.runtime), identifier("mapInOrder")), args), loc: node.loc } as Expression);
    }
    const { name, async } = this.#context.helper(frame);
    const call = { ...callExpression(identifier(name), node.arguments.map((a) => this.rewrite(a) as Expression)), loc: node.loc };
    if (!async) return call as Node;
    this.awaits = true;
    return awaitExpression(call as Expression);
  }

  /** A helper inside the function that is called more than once has a variant for each call: its descriptors are of that call. */
  #variants(node: Node): Node[] {
    const declarator = node.type === "VariableDeclaration" && node.declarations.length === 1 ? node.declarations[0]! : null;
    const fn = declarator?.init ? bare(declarator.init) : node;
    const frames = fn.type === "FunctionDeclaration" || declarator ? this.#framesOf(fn) : [];
    if (frames.length < 2) return [this.rewrite(node)];
    return frames.map((frame, n) => {
      const copy = this.#nested(fn as t.FunctionDeclaration, frame) as t.FunctionDeclaration;
      const id = identifier(this.#context.helper(frame).name);
      const leadingComments = n === 0 ? (node.leadingComments ?? []) : [];
      if (!declarator) return { ...copy, id, leadingComments };
      return { ...variableDeclaration("const", [variableDeclarator(id, copy as unknown as Expression)]), leadingComments };
    });
  }

  #framesOf = (node: Node): SourceFrame[] => this.#context.fn.frames.filter((f) => f.node === node && f.enclosing !== null);

  /** A function inside the function; if it uses tables, as a call found it. */
  #nested(node: t.FunctionDeclaration | t.FunctionExpression | t.ArrowFunctionExpression | t.ObjectMethod, frame = this.#framesOf(node)[0]): Node {
    const inner = new Rewriter(this.#context, this.#place, frame ? (this.#context.fn.sites.get(frame.id) ?? new Map()) : null);
    const scope = this.#place.module.scopeOf(node);
    if (scope) inner.#place = { module: this.#place.module, scope };
    const copy = inner.#children(node) as t.FunctionExpression;
    if (copy.body.type === "BlockStatement") copy.body.directives = (copy.body.directives ?? []).filter((d) => !/^use (no )?spmd$/.test(d.value.value));
    copy.async = node.async || inner.awaits;
    return copy;
  }

  #parse(source: string): Expression {
    const e = parseExpression(source, { plugins: ["typescript"] }) as Expression;
    return withoutLocations(e);
  }
}

/** `src/job.ts:21:6`, lines and columns from 1. */
export const siteOf = (i: Instruction): string => `${i.span.file}:${i.span.line}:${i.span.column + 1}`;

const isStatement = (node: Node): boolean => /Statement$|^VariableDeclaration$/.test(node.type);

/** `declare code: number;` in a class, and the signatures of overloads. */
const isDeclared = (node: Node): boolean => ("declare" in node && node.declare === true) || node.type === "TSDeclareMethod";

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && !("loc" in value && value.type.startsWith("Comment"));

function withoutLocations<N extends Node>(node: N): N {
  delete (node as { loc?: unknown }).loc;
  for (const child of childNodes(node)) withoutLocations(child);
  return node;
}

function isPromiseAll(e: Node): e is t.CallExpression {
  return e.type === "CallExpression" && e.callee.type === "MemberExpression" && e.callee.object.type === "Identifier" && e.callee.object.name === "Promise" &&
    e.callee.property.type === "Identifier" && e.callee.property.name === "all";
}


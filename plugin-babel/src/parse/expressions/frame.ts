/** Where reading stands: the names in scope, their current values (SSA), what is known there, and the `let`s made so far. */
import type * as t from "@babel/types";
import { children, type Expression } from "../../ir/expression.ts";
import type { SourceSpan } from "../../ir/types.ts";
import { isFallible } from "../../functions/fallible.ts";
import { countLocal, replaceLocal } from "../../functions/rewrite.ts";
import type { Scope } from "../row-function.ts";
import { both, noFacts, type Facts } from "./facts.ts";
import type { State } from "./state.ts";
import { mapExpressions, type Scalar, type StaticType, type Value } from "./value.ts";

/** A local of the source; each assignment gives it another value. */
export interface Variable {
  readonly name: string;
  readonly constant: boolean;
  /** Its annotation, else null. */
  readonly declared: StaticType | null;
}

interface Let {
  readonly name: string;
  readonly value: Expression;
}

/** What changes as control moves on. */
export interface Flow {
  readonly current: Map<Variable, Value>;
  readonly lets: Let[];
  facts: Facts;
}

export interface Loop {
  readonly break: (frame: Frame) => Value;
  readonly continue: (frame: Frame) => Value;
}

export class Frame {
  readonly state: State;
  readonly scope: Scope;
  readonly names: Map<string, Variable>;
  readonly flow: Flow;
  /** Values returned from inside what only V8 runs: they count for the type. */
  readonly returns: Value[];
  /** Of the loop around: what follows its `break` and `continue`. */
  readonly loop: Loop | null;

  constructor(state: State, scope: Scope, names = new Map<string, Variable>(), flow: Flow = start(), returns: Value[] = [], loop: Loop | null = null) {
    this.state = state;
    this.scope = scope;
    this.names = names;
    this.flow = flow;
    this.returns = returns;
    this.loop = loop;
  }

  /** A block: its own names, the same control flow. */
  block(loop: Loop | null = this.loop): Frame {
    return new Frame(this.state, this.scope, new Map(this.names), this.flow, this.returns, loop);
  }

  /** A branch: a copy of the values, its own `let`s. */
  branch(facts: Facts): Frame {
    const flow: Flow = { current: new Map(this.flow.current), lets: [], facts: both(this.flow.facts, facts) };
    return new Frame(this.state, this.scope, new Map(this.names), flow, this.returns, this.loop);
  }

  /** The names of this frame with the flow of another. */
  in(flow: Flow): Frame {
    return new Frame(this.state, this.scope, this.names, flow, this.returns, this.loop);
  }

  span(node: t.Node): SourceSpan {
    return spanIn(this.scope.file, node);
  }

  text(node: t.Node): string {
    return this.scope.source.slice(node.start!, node.end!);
  }

  declare(name: string, value: Value, options: { constant?: boolean; declared?: StaticType | null } = {}): void {
    const variable: Variable = { name, constant: options.constant ?? true, declared: options.declared ?? null };
    this.names.set(name, variable);
    this.flow.current.set(variable, this.bind(name, value));
  }

  /** Gives a value a name when it is worth one: it is evaluated here, once. */
  bind(name: string, value: Value): Value {
    switch (value.kind) {
      case "scalar": {
        const { expression } = value;
        if (isTrivial(expression)) return value;
        const unique = this.state.unique(name);
        this.flow.lets.push({ name: unique, value: expression });
        const { type, span } = expression;
        return { ...value, lent: false, expression: { kind: "local", name: unique, type, span }, place: `local ${unique}` };
      }
      case "record":
        return value.absent ? { ...value, place: `local ${this.state.unique(name)}` } : value;
      case "parts":
        return { ...value, text: this.bind(name, value.text) as Scalar };
      case "list":
        return { ...value, items: value.items.map((item, i) => this.bind(`${name}_${i}`, item)) };
      default:
        return value;
    }
  }
}

export function spanIn(file: string, node: t.Node): SourceSpan {
  const { start, end } = node.loc!;
  return { file, line: start.line, column: start.column, endLine: end.line, endColumn: end.column };
}

const start = (): Flow => ({ current: new Map(), lets: [], facts: noFacts });

const isTrivial = (e: Expression) => children(e).length === 0 && e.kind !== "call";

/** Puts `let`s around a value: those unused vanish, those used once move to their use, unless they can throw. */
export function close(flow: Flow, value: Value): Value {
  return flow.lets.length === 0 ? value : mapExpressions(value, (e) => closeExpression(flow, e));
}

export function closeExpression(flow: Flow, body: Expression): Expression {
  let result = body;
  for (const { name, value } of flow.lets.toReversed()) {
    const uses = countLocal(result, name);
    if (uses === 0 && !isFallible(value)) continue;
    if (uses === 1 && !isFallible(value)) result = replaceLocal(result, name, value);
    else result = { kind: "let", name, value, body: result, type: result.type, span: result.span };
  }
  return result;
}

/** Loops whose rounds are known at build time are unrolled: over constant lists, and counted ones. */
import type * as t from "@babel/types";
import { assign } from "./assignment.ts";
import { readExpression } from "./expression.ts";
import { noFacts } from "./facts.ts";
import type { Frame } from "./frame.ts";
import { bindPattern } from "./patterns.ts";
import { runBlock, type Next } from "./statements.ts";
import { toTest } from "./truth.ts";
import type { Value } from "./value.ts";

/** More rounds than this are left to V8. */
const ROUNDS = 64;

/** Prepares round i in the loop's frame; false when there is none. */
export interface Rounds {
  readonly frame: Frame;
  enter(i: number, frame: Frame): boolean;
}

export function unroll(body: t.Statement, rounds: Rounds, outer: Frame, rest: Next): Value {
  const round = (i: number, flow: Frame["flow"]): Value => {
    const done: Next = (frame) => rest(outer.in(frame.flow));
    const next: Next = (frame) => round(i + 1, frame.flow);
    const frame = rounds.frame.in(flow).block({ break: done, continue: next });
    if (!frame.state.step() || !rounds.enter(i, frame)) return done(frame);
    return runBlock([body], frame, next);
  };
  return round(0, outer.flow);
}

/** `for (const x of list)`; null when the list is not known. */
export function elements(node: t.ForOfStatement, outer: Frame): Rounds | null {
  const list = readExpression(node.right, outer);
  const { left } = node;
  if (node.await || list.kind !== "list" || list.items.length > ROUNDS || left.type !== "VariableDeclaration") return null;
  return {
    frame: outer.block(),
    enter(i, frame) {
      const item = list.items[i];
      if (item) bindPattern(left.declarations[0]!.id, item, frame, left.kind === "const");
      return item !== undefined;
    },
  };
}

/** `for (let i = 0; i < 3; i++)`; null when its test depends on more than the counter. */
export function counted({ init, test, update }: t.ForStatement, outer: Frame): Rounds | null {
  if (init?.type !== "VariableDeclaration" || !test || (update?.type !== "UpdateExpression" && update?.type !== "AssignmentExpression")) return null;
  const goesOn = (frame: Frame) => {
    const tested = toTest(readExpression(test, frame), frame.span(test)).test;
    return tested.kind === "literal" ? tested.value === true : null;
  };
  const begin = (frame: Frame) => init.declarations.forEach(({ id, init: value }) => value && bindPattern(id, readExpression(value, frame), frame));
  // A trial run with an empty body: a body that changes the counter is found out in its own round.
  const trial = outer.branch(noFacts).block();
  begin(trial);
  for (let i = 0; goesOn(trial) !== false; i++) {
    if (goesOn(trial) === null || i > ROUNDS || !assign(update, trial)) return null;
  }
  const frame = outer.block();
  begin(frame);
  return {
    frame,
    enter(i, round) {
      if (i > 0) assign(update, round);
      const known = goesOn(round);
      if (known === null || i > ROUNDS) round.state.needsScript("a loop whose body changes its counter has no native form");
      return known === true && i <= ROUNDS;
    },
  };
}

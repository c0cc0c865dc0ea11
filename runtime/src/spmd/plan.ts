import type { Node, Plan, Sink } from "@lockstep/native/plan";
import type { CallContext } from "./context.ts";

/** A table operator of a plan that does not exist yet: shared by identity, numbered when a plan is cut. */
export interface TableNode {
  readonly inputs: readonly TableNode[];
  /** Collective, before the first plan that needs the node: what `build` cannot do synchronously. */
  open?(call: CallContext): Promise<void>;
  build(inputs: number[]): Node;
  /** The number of rows, once an execution has told it. */
  rows?: number;
}

/** A sink over the node it reads. */
export interface SinkOf {
  readonly input: TableNode;
  build(input: number): Sink;
}

/** Numbers every node the sinks reach, inputs first, each once, and opens those that want it. */
export async function cutPlan(call: CallContext, sinks: readonly SinkOf[]): Promise<Plan> {
  const order = reached(sinks.map((sink) => sink.input));
  for (const node of order) await node.open?.(call);
  const ids = new Map(order.map((node, id) => [node, id]));
  return {
    function: call.name,
    nodes: order.map((node) => node.build(node.inputs.map((input) => ids.get(input)!))),
    sinks: sinks.map((sink) => sink.build(ids.get(sink.input)!)),
  };
}

/** Without recursion: a loop may have piled thousands of verbs on a table. */
function reached(roots: readonly TableNode[]): TableNode[] {
  const done = new Set<TableNode>();
  const stack = roots.toReversed();
  while (stack.length > 0) {
    const node = stack.at(-1)!;
    const missing = done.has(node) ? [] : node.inputs.filter((input) => !done.has(input));
    if (missing.length > 0) stack.push(...missing.toReversed());
    else done.add(stack.pop()!);
  }
  return [...done];
}

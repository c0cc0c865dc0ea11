import type { TableNode } from "./plan.ts";
import { world } from "./world.ts";

/**
 * Spools are numbered alike on all ranks: rank 0 sends its counter with each call. A spool whose table is
 * garbage is freed; which rank does so when makes no difference, since no plan can name it any more.
 */
let next = 1;

const finalizer = new FinalizationRegistry<number>((id) => {
  void world().then(({ engine }) => engine.releaseSpool(id), () => undefined);
});

export function spoolCounter(): number {
  return next;
}

export function setSpoolCounter(value: number): void {
  next = value;
}

/** A node that keeps `input`'s rows for later executions. */
export function newSpool(input: TableNode, site: string): TableNode {
  const spool = next++;
  const node: TableNode = {
    inputs: [input],
    build: ([id]) => ({ op: "spool", input: id!, spool, site }),
  };
  if (input.rows !== undefined) node.rows = input.rows;
  finalizer.register(node, spool);
  return node;
}

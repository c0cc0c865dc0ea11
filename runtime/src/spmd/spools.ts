import type { TableNode } from "./plan.ts";
import { world } from "./world.ts";

/**
 * Spools are numbered alike on all ranks: where ranks meet at the end of a call, which one of them may have left early
 * with an error, all go on from the largest number. A spool whose table is garbage is freed; which rank does so when makes
 * no difference, since no plan can name it any more.
 */
let next = 1;

const finalizer = new FinalizationRegistry<number>((id) => {
  void world().then(({ engine }) => engine.releaseSpool(id), () => undefined);
});

/** The number that this rank's next spool gets. */
export function nextSpool(): number {
  return next;
}

/** `numbers`: the next ones of all ranks. */
export function agreeOnSpools(numbers: readonly number[]): void {
  next = Math.max(...numbers);
}

/** A node that keeps `input`'s rows for later executions, and its spool's number. */
export function newSpool(input: TableNode, site: string): { readonly id: number; readonly node: TableNode } {
  const spool = next++;
  const node: TableNode = {
    inputs: [input],
    build: ([id]) => ({ op: "spool", input: id!, spool, site }),
  };
  if (input.rows !== undefined) node.rows = input.rows;
  finalizer.register(node, spool);
  return { id: spool, node };
}

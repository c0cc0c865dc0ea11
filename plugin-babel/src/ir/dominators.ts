/** Dominance and reachability on a control-flow graph. Dominance by iteration (Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm"). */
import { type Block, type BlockId, successors } from "./ir.ts";

/** For each block the blocks that every path from the entry to it passes, itself included. */
export function dominators(blocks: readonly Block[]): Map<BlockId, ReadonlySet<BlockId>> {
  const before = new Map<BlockId, BlockId[]>(blocks.map((b) => [b.id, []]));
  for (const block of blocks) for (const next of successors(block)) before.get(next)?.push(block.id);
  return fixpoint(blocks.map((b) => b.id), before, new Set([blocks[0]!.id]));
}

/** For each block the blocks that every path from it to the function's end passes, itself included. */
export function postdominators(blocks: readonly Block[]): Map<BlockId, ReadonlySet<BlockId>> {
  const after = new Map<BlockId, BlockId[]>(blocks.map((b) => [b.id, successors(b)]));
  // Where no way leads to the end, in a loop that only an error ends, there is nothing that every path passes.
  const before = new Map<BlockId, BlockId[]>(blocks.map((b) => [b.id, []]));
  for (const [id, targets] of after) for (const target of targets) before.get(target)!.push(id);
  const ending = new Set<BlockId>();
  const ends = new Set(blocks.filter((b) => successors(b).length === 0).map((b) => b.id));
  const reach = (id: BlockId): void => {
    if (ending.has(id)) return;
    ending.add(id);
    before.get(id)!.forEach(reach);
  };
  ends.forEach(reach);
  for (const { id } of blocks) if (!ending.has(id)) ends.add(id);
  return fixpoint(blocks.map((b) => b.id).reverse(), after, ends);
}

function fixpoint(order: readonly BlockId[], neighbours: ReadonlyMap<BlockId, readonly BlockId[]>, roots: ReadonlySet<BlockId>) {
  const all = new Set(order);
  const sets = new Map<BlockId, ReadonlySet<BlockId>>(order.map((id) => [id, roots.has(id) ? new Set([id]) : all]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const id of order) {
      if (roots.has(id)) continue;
      const common = neighbours.get(id)!.map((n) => sets.get(n)!).reduce<ReadonlySet<BlockId>>((a, b) => new Set([...a].filter((x) => b.has(x))), all);
      const next = new Set([...common, id]);
      if (next.size === sets.get(id)!.size) continue;
      sets.set(id, next);
      changed = true;
    }
  }
  return sets;
}

/** For each block the blocks that can be reached from it by at least one edge. */
export function blocksAfter(blocks: readonly Block[]): Map<BlockId, ReadonlySet<BlockId>> {
  const next = new Map(blocks.map((b) => [b.id, successors(b)]));
  return new Map(blocks.map((block) => {
    const found = new Set<BlockId>();
    const visit = (id: BlockId): void => {
      for (const n of next.get(id) ?? []) {
        if (found.has(n)) continue;
        found.add(n);
        visit(n);
      }
    };
    visit(block.id);
    return [block.id, found];
  }));
}

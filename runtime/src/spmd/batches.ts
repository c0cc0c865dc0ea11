/**
 * `batches()` on ranks: all rows are dealt once, so that every rank has its part of each step in a spool of its own, and reads that as the
 * loop goes on. Dealing is a collective, reading is not: ranks may be at different steps.
 */
import type { ColumnType } from "@lockstep/native/plan";
import { fromIpc } from "../tables/ipc.ts";
import { type BatchOptions, checkBatches } from "../tables/batch-options.ts";
import { Batch, Batches } from "../tables/batches.ts";
import { LockstepError } from "../errors/index.ts";
import { alone, onEveryRank } from "./checked.ts";
import { currentCall } from "./context.ts";
import { execute } from "./execute.ts";
import { located } from "./located.ts";
import { newSpool } from "./spools.ts";
import type { SpmdTable } from "./table.ts";

type Row = Record<string, unknown>;

/** Rows, or steps, that are asked of the engine at once: one message to it costs as much as hundreds of rows. */
const ENOUGH = 16_384;
/** Rows of one Arrow batch, at most. */
const MOST = 2 ** 31 - 1;

export async function batchesOf(table: SpmdTable, options: BatchOptions, columns: readonly ColumnType[], site: string): Promise<Batches<Row>> {
  onEveryRank(() => checkBatches(options, site));
  const { rows: step, shuffle } = options;
  const names = columns.map(({ name }) => name);
  const chosen = shuffle === undefined ? table.select({ site, columns: names.map((name) => ({ from: name, as: name })) }) : table.shuffle({ seed: shuffle }, { site, columns: names });
  const spool = newSpool(chosen.rebalance({ site, step }).node, site);
  const call = currentCall();
  await call.inOrder(() => execute(call, [
    { input: spool.node, build: (input) => ({ op: "materialize", input, site }) },
    { input: spool.node, build: (input) => ({ op: "count", input, site }) },
  ]));
  const { engine, rank, size } = call.world;
  // Freed when they have been read, else when the call ends.
  call.spools.push(spool.id);
  const total = spool.node.rows!;
  return new Batches<Row>(total, step, async function* (steps) {
    const mine = (n: number): number => shareOf(Math.min(step, total - n * step), rank, size);
    const rows = await alone(engine.rankRows(spool.id));
    try {
      for (let n = 0; n < steps; ) {
        const counts: number[] = [];
        let asked = 0;
        for (; n + counts.length < steps && counts.length < ENOUGH && (asked === 0 || asked < ENOUGH); asked += counts.at(-1)!) counts.push(mine(n + counts.length));
        if (asked > MOST) throw new LockstepError({ code: "LS2015", message: `batches: a step has ${asked} rows on rank ${rank}`, fix: "Take steps of fewer rows.", site });
        const { columns: read, rows: came } = fromIpc(await alone(rows.next(asked)));
        if (came !== asked) throw new LockstepError({ code: "LS2099", message: `batches: rank ${rank} has ${came} rows of steps that have ${asked}`, site });
        const seen = new Map(columns.map(({ name, type }) => [name, located(site, () => read.get(name)!.seenAs(type))]));
        let first = 0;
        for (const count of counts) {
          yield new Batch<Row>(n++, seen, first, count);
          first += count;
        }
      }
    } finally {
      rows.close();
      engine.releaseSpool(spool.id);
    }
  });
}

/** Of rows 0..`of`, those r for which ⌊r · size / of⌋ is the rank: how `Node::Rebalance` deals them. */
function shareOf(of: number, rank: number, size: number): number {
  return Math.ceil(((rank + 1) * of) / size) - Math.ceil((rank * of) / size);
}

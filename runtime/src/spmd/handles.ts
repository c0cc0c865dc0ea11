import { LockstepError } from "../errors/index.ts";
import type { CallContext } from "./context.ts";
import { execute } from "./execute.ts";
import { decodeReturned, encodeLocal, isLocalTable, tooLarge } from "./facade.ts";
import { collectLimit } from "./limits.ts";
import { marshal } from "./marshal.ts";
import { cutPlan, type SinkOf } from "./plan.ts";
import { SpmdTable } from "./table.ts";
import { bigintViews } from "./views.ts";
import type { World } from "./world.ts";

/**
 * Tables that left an annotated function. Every rank keeps its part under the same number; ordinary code on
 * rank 0 holds a table of the facade that stands for it, and passing that back moves no row.
 */
const kept = new Map<number, { readonly table: SpmdTable; readonly inputs: Inputs }>();
const numbers = new WeakMap<object, number>();
/** Numbers come from the call's, so that a call which failed half-way on one rank leaves no rank behind. */
const tablesPerCall = 2 ** 16;
const garbage: number[] = [];
const finalizer = new FinalizationRegistry<number>((number) => garbage.push(number));

/** The datasets of a call that returned tables: open while one of them is kept. */
interface Inputs {
  readonly datasets: readonly number[];
  tables: number;
}

const marker = "lockstep:table";
const local = "lockstep:local";

/** For {@link marshal}: a table as what the other ranks know it by. */
export function withoutTables(value: object): object | undefined {
  const number = numbers.get(value);
  if (number !== undefined) return { [marker]: number };
  return isLocalTable(value) ? { [local]: encodeLocal(value) } : undefined;
}

/** Tables where {@link withoutTables} left their numbers. */
export function reviveTables(value: unknown): unknown {
  return marshal(value, "a message", (part) => {
    const fields = part as Record<string, unknown>;
    if (typeof fields[marker] === "number") return keptTable(fields[marker]);
    return fields[local] === undefined ? undefined : localTable(fields[local] as LocalTable);
  });
}

/** Collective: the value an annotated function returned, its tables as ordinary code sees them (on rank 0). */
export async function keepReturned(call: CallContext, value: unknown): Promise<unknown> {
  const tables = new Set(tablesIn(value));
  if (tables.size === 0) return value;
  const inputs = { datasets: call.datasets, tables: tables.size };
  const seen = new Map<SpmdTable, unknown>();
  for (const table of tables) seen.set(table, await keep(call, table, call.id * tablesPerCall + seen.size, inputs));
  call.datasets = [];
  return replace(value, seen);
}

/** The handles that rank 0's garbage collector found since the last call. */
export function tablesReleased(): number[] {
  return garbage.splice(0);
}

export function releaseTables(released: readonly number[], { engine }: World): void {
  for (const number of released) {
    const entry = kept.get(number);
    if (!entry) continue;
    kept.delete(number);
    if (--entry.inputs.tables === 0) entry.inputs.datasets.forEach((dataset) => engine.closeDataset(dataset));
  }
}

/** A call that failed on some rank keeps no tables on any. */
export function releaseTablesOf(call: CallContext): void {
  releaseTables([...kept.keys()].filter((number) => Math.floor(number / tablesPerCall) === call.id), call.world);
}

async function keep(call: CallContext, table: SpmdTable, number: number, inputs: Inputs): Promise<unknown> {
  const site = call.name;
  const spooled = table.spool({ site });
  const { node } = spooled;
  kept.set(number, { table: spooled, inputs });
  await execute(call, [
    { input: node, build: (input) => ({ op: "materialize", input, site }) },
    { input: node, build: (input) => ({ op: "count", input, site }) },
  ]);
  const rows = node.rows!;
  const limit = collectLimit();
  let face: object | undefined;
  if (rows > limit) {
    if (call.world.rank === 0) face = tooLarge(rows, limit);
  } else {
    const collect: SinkOf = { input: node, build: (input) => ({ op: "collect", input, limit, everywhere: false, site }) };
    const [sink] = await execute(call, [collect]);
    const plan = await cutPlan(call, [collect]);
    if (call.world.rank === 0) face = await decodeReturned(sink!.ipc!, bigintViews(plan, plan.sinks[0]!.input));
  }
  if (face) {
    numbers.set(face, number);
    finalizer.register(face, number);
  }
  return face;
}

function keptTable(number: number): SpmdTable {
  const entry = kept.get(number);
  if (!entry) throw new LockstepError({ code: "LS2099", message: `table ${number} was freed while the program still holds it` });
  return entry.table;
}

/** What a table made in ordinary code is to the other ranks: an Arrow IPC stream. */
export interface LocalTable {
  ipc: Uint8Array;
  columns: { name: string; type: "number" | "string" | "boolean" | "bigint" | "date"; nullable: boolean }[];
  rows: number;
}

function localTable({ ipc, columns, rows }: LocalTable): SpmdTable {
  let dataset: number | undefined;
  return new SpmdTable({
    inputs: [],
    rows,
    async open(call) {
      if (dataset === undefined) call.datasets.push((dataset = await call.collective((engine) => engine.registerTable(ipc))));
    },
    build: () => ({ op: "scan", dataset: dataset!, columns, site: "argument" }),
  });
}

function* tablesIn(value: unknown): Generator<SpmdTable> {
  if (value instanceof SpmdTable) yield value;
  else if (Array.isArray(value)) for (const item of value) yield* tablesIn(item);
  else if (isRecord(value)) for (const item of Object.values(value)) yield* tablesIn(item);
}

function replace(value: unknown, by: ReadonlyMap<SpmdTable, unknown>): unknown {
  if (value instanceof SpmdTable) return by.get(value);
  if (Array.isArray(value)) return value.map((item) => replace(item, by));
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replace(item, by)]));
  return value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

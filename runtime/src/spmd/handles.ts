import type { ColumnType } from "@lockstep/native/plan";
import { LockstepError } from "../errors/index.ts";
import type { CallContext } from "./context.ts";
import { execute } from "./execute.ts";
import { decodeReturned, tooLarge } from "./facade.ts";
import { collectLimit } from "./limits.ts";
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

/** What all ranks know a returned table by. */
export function tableNumber(face: object): number | undefined {
  return numbers.get(face);
}

/** Collective: the value an annotated function returned, its tables as ordinary code sees them (on rank 0). */
export async function keepReturned(call: CallContext, value: unknown): Promise<unknown> {
  const tables = tablesIn(value);
  if (tables.size === 0) return value;
  const inputs = { datasets: call.datasets, tables: tables.size };
  const seen = new Map<SpmdTable, unknown>();
  for (const table of tables) seen.set(table, await keep(call, table, call.id * tablesPerCall + seen.size, inputs));
  call.datasets = [];
  return replace(value, seen as Map<object, unknown>);
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
    if (call.world.rank === 0) face = await decodeReturned(sink!.ipc!, rows, bigintViews(plan, plan.sinks[0]!.input));
  }
  if (face) {
    numbers.set(face, number);
    finalizer.register(face, number);
  }
  return face;
}

/** The table that the ranks keep under a number. */
export function keptTable(number: number): SpmdTable {
  const entry = kept.get(number);
  if (!entry) throw new LockstepError({ code: "LS2099", message: `table ${number} was freed while the program still holds it` });
  return entry.table;
}

/** What a table made in ordinary code is to the other ranks: an Arrow IPC stream. */
export interface LocalTable {
  ipc: Uint8Array;
  columns: ColumnType[];
  rows: number;
}

/** A table made in ordinary code, on the ranks. */
export function localTable({ ipc, columns, rows }: LocalTable): SpmdTable {
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

/** The tables in a returned value, in its order: in arrays, plain objects, Maps and Sets, however deep. */
function tablesIn(value: unknown): Set<SpmdTable> {
  const tables = new Set<SpmdTable>();
  const seen = new Set<object>();
  // No recursion: a list may be linked from row to row.
  const open: object[] = [];
  // One after another: there may be more of them than a call takes arguments.
  const look = (part: unknown): void => void (typeof part === "object" && part !== null && open.push(part));
  look(value);
  while (open.length > 0) {
    const part = open.pop()!;
    if (seen.has(part)) continue;
    seen.add(part);
    if (part instanceof SpmdTable) tables.add(part);
    else partsOf(part).reverse().forEach(look);
  }
  return tables;
}

function partsOf(value: object): unknown[] {
  if (Array.isArray(value)) return [...(value as unknown[])];
  if (value instanceof Map) return [...value].flat();
  if (value instanceof Set) return [...value];
  const parts: unknown[] = Object.values(value);
  if (isPlain(value)) return parts;
  // The instance stays what it is, so its table could not become one of ordinary code.
  if (parts.some((part) => part instanceof SpmdTable)) {
    throw new LockstepError({
      code: "LS2015",
      message: `an annotated function returned an instance of ${value.constructor?.name || "a class"} that holds a table`,
      fix: "Return tables by themselves or in plain objects, arrays, Maps and Sets; make the instance in ordinary code.",
    });
  }
  return [];
}

/** A copy with other values in the places of some; what `seen` does not name is copied where it may hold such a place. */
function replace(value: unknown, seen: Map<object, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (seen.has(value)) return seen.get(value);
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    seen.set(value, copy);
    for (const item of value) copy.push(replace(item, seen));
    return copy;
  }
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    seen.set(value, copy);
    for (const [key, item] of value) copy.set(replace(key, seen), replace(item, seen));
    return copy;
  }
  if (value instanceof Set) {
    const copy = new Set<unknown>();
    seen.set(value, copy);
    for (const item of value) copy.add(replace(item, seen));
    return copy;
  }
  if (!isPlain(value)) return value;
  const copy: Record<string, unknown> = {};
  seen.set(value, copy);
  for (const [key, item] of Object.entries(value)) copy[key] = replace(item, seen);
  return copy;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

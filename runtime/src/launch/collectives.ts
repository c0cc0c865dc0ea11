/** What the collectives of a job take on many ranks: from those that runs on a few have been through, by the schedule that the engine follows. */
import type { Native } from "../spmd/engine.ts";
import type { Range } from "./prediction.ts";

/** A collective as rank 0 has seen it: which, for what, where, and how long the parts of the ranks were. */
export interface Collective {
  readonly collective: "barrier" | "broadcast" | "allgather" | "allreduce" | "gather" | "alltoall";
  readonly root?: number;
  readonly from?: number | null;
  readonly to?: number | null;
  readonly kind: string;
  readonly site: string;
  /** Bytes. */
  readonly parts: readonly number[];
}

/** On so many ranks, of which `local` share a machine. `group`: ranks of a group, where they are not as so many ranks have them. */
export interface Layout {
  readonly ranks: number;
  readonly local: number;
  readonly group?: number;
}

/** What all of them take. */
export interface Schedule {
  readonly groups: number;
  readonly groupRanks: number;
  /** By rank: to others. */
  readonly messages: readonly number[];
  readonly bytes: readonly number[];
  /** Bytes that a rank holds at most for one of them. */
  readonly held: number;
}

/** What the rank that has most takes: messages depend on nothing but the ranks, bytes on how long parts are. */
export interface Predicted {
  readonly messages: number;
  readonly bytes: Range;
  readonly held: Range;
  /** Whether the runs went through the same collectives: then nothing but the lengths of parts is not known exactly. */
  readonly alike: boolean;
}

type Asked = Omit<Collective, "parts" | "kind" | "site"> & { readonly parts: number | readonly number[]; readonly times?: number };

export function schedule(native: Pick<Native, "schedule">, layout: Layout, collectives: readonly Asked[]): Schedule {
  return JSON.parse(native.schedule(JSON.stringify({ ...layout, collectives }))) as Schedule;
}

/** Of what `few` and `more` ranks have been through, on the ranks of the layout. */
export function predictCollectives(native: Pick<Native, "schedule">, [few, more]: readonly [Log, Log], layout: Layout): Predicted {
  const alike = few.all.length === more.all.length && few.all.every((one, at) => same(one, few.ranks, more.all[at]!, more.ranks));
  const lengths = more.all.map((one, at) => lengthOf(alike ? { ranks: few.ranks, parts: few.all[at]!.parts } : undefined, { ranks: more.ranks, parts: one.parts }, layout.ranks));
  const on = (which: keyof Range): Schedule => schedule(native, layout, together(more.all.map((one, at) => ({ ...one, ...(alike && moved(few.all[at]!, one, more.ranks, layout.ranks)), parts: lengths[at]![which] }))));
  const [least, most] = [on("least"), on("most")];
  return { messages: Math.max(...most.messages), bytes: range(Math.max(...least.bytes), Math.max(...most.bytes)), held: range(least.held, most.held), alike };
}

/** The collectives of a run on so many ranks. */
export interface Log {
  readonly ranks: number;
  readonly all: readonly Collective[];
}

const range = (least: number, most: number): Range => ({ least, most });

const ROLES = ["root", "from", "to"] as const;

type Role = number | null | undefined;

/** The same rank, or the same one counted from the last, as where a program says size() - 1. */
const isSameRank = (a: Role, few: number, b: Role, more: number): boolean => (a ?? null) === (b ?? null) || (a != null && b != null && few - a === more - b);

const same = (one: Collective, few: number, other: Collective, more: number): boolean =>
  one.collective === other.collective && one.kind === other.kind && one.site === other.site && ROLES.every((role) => isSameRank(one[role], few, other[role], more));

/** Which ranks it is about on n ranks, where they are counted from the last. */
const moved = (one: Collective, other: Collective, more: number, n: number): Partial<Record<(typeof ROLES)[number], number>> =>
  Object.fromEntries(ROLES.flatMap((role) => (typeof other[role] === "number" && one[role] !== other[role] ? [[role, n - (more - other[role])]] : [])));

/** Whether parts are of one length but for a few digits. */
const LIKE = 0.05;

/** How long parts are on n ranks: as on the last ones, unless they get shorter or longer with the ranks, as shares of rows or lists of ranks do; then by that power. */
function lengthOf(few: { ranks: number; parts: readonly number[] } | undefined, more: { ranks: number; parts: readonly number[] }, n: number): Range {
  if (more.parts.length === 0) return range(0, 0);
  const [before, last] = [mean(few?.parts ?? more.parts), mean(more.parts)];
  const growth = few && before > 0 && last > 0 && Math.abs(last / before - 1) > LIKE ? Math.log(last / before) / Math.log(more.ranks / few.ranks) : 0;
  const times = (n / more.ranks) ** Math.max(-1, Math.min(1, growth));
  const seen = growth === 0 && few ? [...few.parts, ...more.parts] : more.parts;
  return range(Math.floor(Math.min(...seen) * times), Math.ceil(Math.max(...seen) * times));
}

const mean = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0) / Math.max(1, values.length);

/** The same one several times is counted once. */
function together(all: readonly Asked[]): Asked[] {
  const found = new Map<string, Asked & { times: number }>();
  for (const { collective, root, from, to, parts } of all) {
    const one = { collective, ...(root !== undefined && { root }), ...(from !== undefined && { from }), ...(to !== undefined && { to }), parts };
    const key = JSON.stringify(one);
    const known = found.get(key);
    if (known) known.times++;
    else found.set(key, { ...one, times: 1 });
  }
  return [...found.values()];
}

/** Where columns stand: relocate(), and the options of derive(). */
import { checkOptions } from "../connectors/options.ts";
import { LockstepError } from "../errors/index.ts";
import { type Called, unknownColumn } from "./row.ts";
import { chosenNames, namesOf } from "./selection.ts";
import type { Named } from "./types.ts";

type Anchor<Row> = Named<Row> | readonly Named<Row>[];

interface Before<Row> {
  /** The column before which others are put; of several the first. */
  readonly before: Anchor<Row>;
  readonly after?: never;
}

interface After<Row> {
  /** The column after which others are put; of several the last. */
  readonly after: Anchor<Row>;
  readonly before?: never;
}

/** Before the first of some columns, or after the last. */
export type Place<Row> = Before<Row> | After<Row>;

interface Dropping<Drop extends boolean> {
  /** Only the columns that are derived are left: false by default. */
  readonly drop?: Drop;
  readonly before?: never;
  readonly after?: never;
}

export type DeriveOptions<Row, Drop extends boolean = boolean> = Dropping<Drop> | (Place<Row> & { readonly drop?: never });

/** All columns in their new order: the name of each, and the one that it gets. */
export function relocatedNames(columns: Called, moved: unknown, place: Place<never>, verb = "relocate"): Map<string, string> {
  const { before, after } = (place ?? {}) as { before?: unknown; after?: unknown };
  if ((before == null) === (after == null)) throw new LockstepError({ code: "LS2016", message: `${verb} takes either before or after, the columns where others are put` });
  const chosen = chosenNames([moved].flat(), columns);
  const anchors = namesOf(before ?? after, columns);
  const anchor = before == null ? anchors.at(-1) : anchors[0];
  if (anchor === undefined) throw new LockstepError({ code: "LS2016", message: `${verb}: there is no column that the place is of` });
  for (const name of anchors) if (!columns.has(name)) throw unknownColumn(name, columns);
  const names = new Map<string, string>();
  const put = (name: string, as = name): void => void names.set(name, as);
  for (const name of columns.keys()) {
    if (name === anchor && before != null) chosen.forEach((as, old) => put(old, as));
    if (!chosen.has(name)) put(name);
    if (name === anchor && before == null) chosen.forEach((as, old) => put(old, as));
  }
  return names;
}

/** The columns after derive in their order; undefined: as they are. New ones are moved, those that replace another stay in its place. */
export function derivedNames(columns: Called, derived: readonly string[], options: DeriveOptions<never>): string[] | undefined {
  checkOptions("derive", options);
  if (options.drop) return [...derived];
  if (options.before == null && options.after == null) return undefined;
  const added = derived.filter((name) => !columns.has(name));
  return [...relocatedNames(new Map([...columns, ...added.map((name) => [name, undefined] as const)]), added, options as Place<never>, "derive").keys()];
}

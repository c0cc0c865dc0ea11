/** Columns chosen by their names: Arquero's selection helpers, but for those that no type can follow (a range, a place, a regular expression). */
import { LockstepError } from "../errors/index.ts";
import { isSelector, marked } from "./made.ts";
import { type Called, unknownColumn } from "./row.ts";

declare const phantom: unique symbol;

/**
 * A choice of columns, for verbs that take names: `Names`, and those that are `Like` a pattern; if `Not`, all but these.
 * Made by {@link all}, {@link not}, {@link startswith}, {@link endswith} and {@link matches}.
 */
export interface Selector<Names extends string, Like extends string, Not extends boolean> {
  /** Whether a column is among them. */
  readonly selector: (column: string) => boolean;
  /** Columns that have to be there. */
  readonly names: readonly string[];
  readonly [phantom]?: readonly [Names, Like, Not];
}

/** What `not` leaves out. */
type Excluded = string | readonly string[] | Selector<string, string, false>;
type NamesIn<E> = E extends string ? E : E extends readonly (infer N extends string)[] ? N : never;
type LikeIn<E> = E extends Selector<string, infer Like, false> ? Like : never;

/** A text that is known when building. */
type Literal<P> = string extends P ? never : unknown;

/** The columns of a row that a selector chooses. */
export type Chosen<Row, S> = S extends Selector<infer Names, infer Like, infer Not>
  ? Not extends true ? Exclude<keyof Row & string, Names | Like> : Extract<keyof Row & string, Names | Like>
  : never;

/** All columns: `select("id", all())` puts one in front. */
export function all(): Selector<never, never, true> {
  return marked({ selector: () => true, names: [] });
}

/** All columns but these: `select(not("note", startswith("debug_")))`. */
export function not<const E extends readonly Excluded[]>(...columns: E): Selector<NamesIn<E[number]>, LikeIn<E[number]>, true> {
  const left = columns.flat() as (string | Selector<string, string, false>)[];
  const names = left.filter((each) => typeof each === "string");
  const selectors = left.filter((each) => isSelector(each));
  if (names.length + selectors.length < left.length) throw new LockstepError({ code: "LS2016", message: "not takes names of columns, lists of them, startswith(…), endswith(…) and matches(…)" });
  return marked({ selector: (column: string) => !names.includes(column) && !selectors.some(({ selector }) => selector(column)), names });
}

/** The columns whose names begin so: `groupby(startswith("key_"))`. */
export function startswith<const P extends string>(text: P & Literal<P>): Selector<never, `${P}${string}`, false> {
  return like("startswith", text, (column) => column.startsWith(text));
}

/** The columns whose names end so: `fold(endswith("_eur"))`. */
export function endswith<const P extends string>(text: P & Literal<P>): Selector<never, `${string}${P}`, false> {
  return like("endswith", text, (column) => column.endsWith(text));
}

/** The columns that have the text in their names. */
export function matches<const P extends string>(text: P & Literal<P>): Selector<never, `${string}${P}${string}`, false> {
  return like("matches", text, (column) => column.includes(text));
}

function like<Like extends string>(name: string, text: unknown, selector: (column: string) => boolean): Selector<never, Like, false> {
  if (typeof text === "string") return marked({ selector, names: [] });
  throw new LockstepError({ code: "LS2016", message: `${name} takes a text, not ${text instanceof RegExp ? "a regular expression: of what it matches no type knows" : typeof text}` });
}

/** The names that an item of a list of columns stands for, in their order. */
export function namesOf(item: unknown, columns: Called): readonly string[] {
  if (typeof item === "string") return [item];
  if (Array.isArray(item)) return item.flatMap((each) => namesOf(each, columns));
  if (!isSelector(item)) throw new LockstepError({ code: "LS2016", message: `columns are named by texts, or chosen by all, not, startswith, endswith and matches, not by ${item === null ? "null" : typeof item}` });
  for (const name of item.names) if (!columns.has(name)) throw unknownColumn(name, columns);
  return [...columns.keys()].filter(item.selector);
}

/** What `select` chooses: each column's name, and the one that it gets. */
export function chosenNames(items: readonly unknown[], columns: Called): Map<string, string> {
  const chosen = new Map<string, string>();
  for (const item of items.flat()) {
    if (typeof item === "string" || isSelector(item)) for (const name of namesOf(item, columns)) chosen.set(name, name);
    else for (const [old, name] of Object.entries(item as Record<string, string>)) chosen.set(old, name);
  }
  return chosen;
}

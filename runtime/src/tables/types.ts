import type { Bin } from "./bins.ts";
import type { Aggregate, NameOf } from "./op.ts";
import type { PivotKey } from "./pivot.ts";
import type { Chosen, Selector } from "./selection.ts";
import type { Window } from "./window-functions.ts";

/** One value, as JavaScript sees it. A table stores undefined as null. */
export type Scalar = number | string | boolean | bigint | Date | null | undefined;

/** An array of values of one type. */
export type Array = readonly (number | null | undefined)[] | readonly (string | null | undefined)[] | readonly (boolean | null | undefined)[] | readonly (bigint | null | undefined)[] | readonly (Date | null | undefined)[] | readonly (object | null | undefined)[];

/** What a column can hold: a value, an array of values of one type, or an object of such values. */
export type Cell = Scalar | CellObject;

/** Not a Map, a Set, a promise or a function. More no type says: an interface of the program has no index signature. */
type CellObject = object & { readonly [Symbol.toStringTag]?: undefined; readonly [Symbol.hasInstance]?: undefined };

/** A function of one row. It must be pure: it may use the row, constants and other pure functions. */
export type RowFunction<Row, Result extends Cell = Cell> = (d: Readonly<Row>) => Result;

/** The names of a row's columns. */
export type ColumnName<Row> = keyof Row & string;

/** An array of at least one. */
export type NonEmpty<T> = [T, ...T[]];

/** A type without its literals: 1 | 2 is number. */
export type Widened<T> = T extends number ? number : T extends string ? string : T extends boolean ? boolean : T extends bigint ? bigint : T;

/** Flattens an intersection for the editor. */
export type Simplify<T> = { [K in keyof T]: T[K] } & {};

/** A type as a table stores it: null in place of undefined. */
export type Stored<T> = undefined extends T ? Exclude<T, undefined> | null : T;

/** A row as a table stores it; the same type if it has nothing optional. */
export type StoredRow<Row> = undefined extends Row[keyof Row] ? { [K in keyof Row]-?: Stored<Row[K]> } : Row;

/** `{ month: d => … }`: new columns. */
export type RowFunctions<Row> = Readonly<Record<string, RowFunction<Row>>>;

/** The columns that row functions give. */
export type Results<F> = { -readonly [K in keyof F]: F[K] extends (...args: never[]) => infer R ? Stored<R> : F[K] extends Window<never, infer R> ? R : F[K] extends Aggregate<never, infer R, unknown> ? R : never };

/** `{ month: d => …, previous: op.lag("ts"), share: op.sum("v") }`: new columns, of the row alone or of others too. */
export type Columns<Row> = Readonly<Record<string, RowFunction<Row> | Window<Row, unknown> | Aggregate<Row, unknown, unknown>>>;

/** The row after derive. */
export type Derived<Row, F> = Simplify<Omit<Row, keyof F> & Results<F>>;

/** The row after derive, or of `drop` the derived columns alone. */
export type DerivedWith<Row, F, Drop> = Drop extends true ? Simplify<Results<F>> : Derived<Row, F>;

/** `{ fare: op.mean("fare"), city: () => "?" }`: what stands in for values of columns. */
export type Imputes<Row> = { readonly [K in ColumnName<Row>]?: ((d: Readonly<Row>) => Like<Row[K]>) | Window<Row, Like<Row[K]>> | Aggregate<Row, Like<Row[K]>, unknown> };

type Like<T> = Widened<NonNullable<T>> | null | undefined;

/** The row after impute: what may be null is what stands in. */
export type Imputed<Row, F> = Simplify<{ [K in keyof Row]: K extends keyof F ? NonNullable<Row[K]> | Results<F>[K] : Row[K] }>;

type UnionToIntersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never;

/** Columns by their names: one, or those that a selection chooses. */
export type Named<Row> = ColumnName<Row> | Selector<ColumnName<Row>, string, boolean>;

/** The names of columns that are meant. */
export type NamesOf<Row, S> = S extends string ? S & keyof Row : S extends readonly (infer N)[] ? NamesOf<Row, N> : Chosen<Row, S>;

/** What select() takes: a name, a selection, an array of both, or { old: "new" }. */
export type Selection<Row> = Named<Row> | readonly Named<Row>[] | NewNames<Row>;

type NewNames<Row> = { readonly [K in ColumnName<Row>]?: string };
type NewNamesIn<S> = S extends string | readonly unknown[] | Selector<string, string, boolean> ? never : S;

/** The names that columns get, chosen from left to right: what a column is called last, it is called. */
type NewNamesOf<Row, S extends readonly unknown[], New = unknown> = S extends readonly []
  ? New
  : S extends readonly [infer First, ...infer Rest]
    ? NewNamesOf<Row, Rest, Renew<New, NamesOf<Row, First>, UnionToIntersection<NewNamesIn<First>>>>
    : Renew<New, NamesOf<Row, S[number]>, UnionToIntersection<NewNamesIn<S[number]>>>;

type Renew<New, Names, Said> = { [K in Exclude<keyof New, Names | keyof Said>]: New[K] } & { [K in Exclude<Names, keyof Said> & string]: K } & Said;

type UnderNames<Row, New> = Simplify<{ [K in keyof New & keyof Row as New[K] & string]: Row[K] }>;

/** The row after select. */
export type Selected<Row, S extends readonly unknown[]> = UnderNames<Row, NewNamesOf<Row, S>>;

/** The row after relocate. */
export type Relocated<Row, C> = UnderNames<Row, NewNamesOf<Row, C extends readonly unknown[] ? C : [C], { [K in keyof Row & string]: K }>>;

/** The row after rename. */
export type Renamed<Row, M> = Simplify<{ [K in keyof Row as K extends keyof M ? M[K] & string : K]: Row[K] }>;

/** `{ old: "new" }` whose keys must be columns. */
export type Renaming<Row, M> = { readonly [K in keyof M]: K extends ColumnName<Row> ? string : never };

type KeyClass<T> = NonNullable<T> extends number ? "number" : NonNullable<T> extends string ? "string" : NonNullable<T> extends boolean ? "boolean" : NonNullable<T> extends bigint ? "bigint" : NonNullable<T> extends readonly unknown[] ? "nested" : NonNullable<T> extends Date ? "Date" : "nested";

/** Columns of both tables that can be compared: the same name and the same type. */
export type SharedKey<Left, Right> = {
  [K in keyof Left & keyof Right & string]: KeyClass<Left[K]> extends Exclude<KeyClass<Right[K]>, "nested"> ? K : never;
}[keyof Left & keyof Right & string];

/** One side of `[left, right]`: a column, a function of the row, or several of them. */
export type KeySide<Row> = ColumnName<Row> | RowFunction<Row> | readonly (ColumnName<Row> | RowFunction<Row>)[];

/** A condition on two rows. As a row function it must be pure. */
export type Condition<Left, Right> = (a: Readonly<Left>, b: Readonly<Right>) => Scalar;

/** The names that stand in the same place of both sides: such a column appears once. */
export type SharedNames<L, R> = L extends string
  ? L & R
  : L extends readonly unknown[]
    ? R extends readonly unknown[]
      ? { [I in keyof L]: I extends keyof R ? L[I] & R[I] & string : never }[number]
      : never
    : never;

/** The names that a key, or a list of keys, has on both sides. */
export type SharedIn<K> = K extends string ? K : K extends readonly [infer Both] ? SharedNames<Both, Both> : K extends readonly [infer L, infer R] ? SharedNames<L, R> : never;

/** What join_asof() takes as `on`: columns of numbers or of dates. */
export type Nearness<Left, Right> =
  | (NameOf<Left, number> & NameOf<Right, number>)
  | (NameOf<Left, Date> & NameOf<Right, Date>)
  | readonly [NameOf<Left, number>, NameOf<Right, number>]
  | readonly [NameOf<Left, Date>, NameOf<Right, Date>];

/** What join() takes as `on`: a name, [left, right] of one key or of lists of them, or a condition on two rows. */
export type JoinOn<Left, Right> = SharedKey<Left, Right> | readonly [SharedKey<Left, Right>] | readonly [left: KeySide<Left>, right: KeySide<Right>] | Condition<Left, Right>;

/** What clashing names end in. */
export type Suffix = readonly [left: string, right: string];
export type DefaultSuffix = readonly ["_1", "_2"];

/** What join() takes as `values`: columns of the left table, and of the right one; null: all of them, a key of both once. */
export type JoinValues<Left, Right> = null | readonly [left: Named<Left> | readonly Named<Left>[], right?: Named<Right> | readonly Named<Right>[]];

/** The columns of both sides, of which those of one name get a suffix. */
type BothSides<Left, Right, S extends Suffix> = Simplify<
  { [K in keyof Left as K extends keyof Right ? `${K & string}${S[0]}` : K]: Left[K] } & { [K in keyof Right as K extends keyof Left ? `${K & string}${S[1]}` : K]: Right[K] }
>;

/** Columns of a side that may have no row. */
type OrNull<Row, Nulls> = { [K in keyof Row]: Row[K] | Nulls };

/** The row after join: of the left table, and what it does not share of the right one. `Nulls` is null where the right side may be absent. */
export type Joined<Left, Right, Shared, Nulls = never, S extends Suffix = DefaultSuffix> = BothSides<Left, OrNull<Except<Right, Shared>, Nulls>, S>;

type Except<Row, Names> = { [K in Exclude<keyof Row, Names>]: Row[K] };

/** The row after a join of some kind, by the names that both sides share, or with the columns that are named. */
export type JoinedBy<Kind extends JoinKind, Left, Right, On, V, S extends Suffix> = V extends readonly [infer L, (infer R)?]
  ? BothSides<OrNull<Pick<Left, NamesOf<Left, L>>, LeftNulls<Kind>>, OrNull<Pick<Right, NamesOf<Right, R>>, RightNulls<Kind>>, S>
  : JoinedWhole<Kind, Left, Right, SharedBy<Left, Right, On>, S>;

/** Without `on`, of which then nothing is known, all that both sides have. */
type SharedBy<Left, Right, On> = [JoinOn<Left, Right>] extends [On] ? SharedKey<Left, Right> : SharedIn<On>;

type JoinedWhole<Kind extends JoinKind, Left, Right, Shared, S extends Suffix> = Kind extends "right"
  ? BothSides<OrNull<Except<Left, Shared>, null>, Right, S>
  : Kind extends "full"
    ? BothSides<{ [K in keyof Left]: K extends Shared & keyof Right ? Left[K] | Right[K] : Left[K] | null }, OrNull<Except<Right, Shared>, null>, S>
    : Joined<Left, Right, Shared, RightNulls<Kind>, S>;

/** Which rows without a match leave a join. */
type JoinKind = "inner" | "left" | "right" | "full";
type LeftNulls<Kind> = Kind extends "right" | "full" ? null : never;
type RightNulls<Kind> = Kind extends "left" | "full" ? null : never;

type Looked<Row, Other, Names extends readonly unknown[]> = Names extends readonly [] ? Exclude<keyof Other, keyof Row> : NamesOf<Other, Names[number]>;

/** The row after lookup: the columns named, or without names those that the row lacks, as found or null. */
export type LookedUp<Row, Other, Names extends readonly unknown[]> = Simplify<
  Omit<Row, Looked<Row, Other, Names>> & { [K in Looked<Row, Other, Names>]: Other[K] | null }
>;

/** What dedupe() takes: names, selections and { name: row function }. */
export type Key<Row> = Named<Row> | RowFunctions<Row>;

/** What groupby() takes: also { name: bin("x") }. */
export type GroupKey<Row> = Named<Row> | Readonly<Record<string, RowFunction<Row> | Bin<Row, unknown>>>;

type KeyColumns<Row, K> = K extends keyof Row ? Pick<Row, K> : K extends Selector<string, string, boolean> ? Pick<Row, Chosen<Row, K>> : Results<K>;

/** The key columns of a grouped table. */
export type Keys<Row, K extends readonly unknown[]> = Simplify<UnionToIntersection<KeyColumns<Row, K[number]>>>;

type FoldedColumns<Row, C> = C extends readonly unknown[] ? Keys<Row, C> : Keys<Row, [C]>;

/** The row after fold: a column of names, and one of values. */
export type Folded<Row, C, K extends string, V extends string> = Simplify<
  Omit<Row, keyof FoldedColumns<Row, C>> & { [Name in K]: string } & { [Name in V]: Widened<FoldedColumns<Row, C>[keyof FoldedColumns<Row, C>]> }
>;

type IndexName<I> = I extends string ? I : I extends true ? "index" : never;

/** The names of columns of arrays. */
export type ArrayName<Row> = { [K in ColumnName<Row>]: NonNullable<Row[K]> extends readonly unknown[] ? K : never }[ColumnName<Row>];

/** Arrays that are taken apart: columns, or functions of the row. */
export type Arrays<Row> = ArrayName<Row> | readonly ArrayName<Row>[] | Readonly<Record<string, (d: Readonly<Row>) => Array>>;

/** `as`, or `name_1`, `name_2` and so on up to a number that is known. */
type SpreadNames<Name extends string, As extends readonly string[], Limit extends number, Taken extends readonly 0[] = []> = number extends Limit
  ? never
  : Taken["length"] extends Limit
    ? never
    : (`${Taken["length"]}` extends keyof As ? As[`${Taken["length"]}`] & string : `${Name}_${[...Taken, 0]["length"]}`) | SpreadNames<Name, As, Limit, [...Taken, 0]>;

/** The row after spread: the elements of the arrays, and the other columns, of which the arrays are if they are not dropped. */
export type SpreadOver<Row, U, As extends readonly string[], Limit extends number, Drop> = Simplify<
  Omit<Row, Drop extends false ? never : keyof Elements<Row, U>> & {
    [K in keyof Elements<Row, U> as SpreadNames<K & string, IsOne<keyof Elements<Row, U>> extends true ? As : [], Limit> extends infer Name extends string ? Name : never]: Elements<Row, U>[K] | null;
  }
>;

/** What unroll() gives for its arrays: an element each; of several null where one of them is shorter. */
type Elements<Row, U> = U extends keyof Row
  ? { [K in U]: ElementOf<Row[K]> }
  : U extends readonly (infer N)[]
    ? { [K in N & keyof Row]: ElementOf<Row[K]> | Shorter<N> }
    : { -readonly [K in keyof U]: U[K] extends (...args: never[]) => infer R ? ElementOf<R> | Shorter<keyof U> : never };

type ElementOf<A> = NonNullable<A> extends readonly (infer E)[] ? Stored<E> : never;
type Shorter<N> = IsOne<N> extends true ? never : null;

/** The row after unroll: the other columns, the elements, and their places. */
export type Unrolled<Row, U, I, D> = Simplify<
  Omit<Row, keyof Elements<Row, U> | IndexName<I> | NamesOf<Row, D>> & Elements<Row, U> & { [K in IndexName<I>]: number }
>;

/** `{ total: op.sum("x") }` */
export type Aggregates<Row> = Readonly<Record<string, Aggregate<Row, unknown, unknown>>>;

/** The columns of a grouped rollup. */
export type GroupResults<A> = { -readonly [K in keyof A]: A[K] extends Aggregate<never, infer T, unknown> ? T : never };

type IsOne<N, All = N> = N extends unknown ? ([All] extends [N] ? true : false) : never;

/** What a pivot's columns hold, by the names of its values. */
type PivotValues<Row, V> = V extends keyof Row ? { [N in V]: Row[N] } : { [N in keyof V]: V[N] extends Aggregate<never, infer T, unknown> ? T : never };

/** The columns of a pivot: of one aggregate by the keys, of several by name and key. Of a key without rows all but the counts of values are null. */
export type Pivoted<Row, V, K extends readonly PivotKey[], S extends string> = false extends IsOne<keyof PivotValues<Row, V>>
  ? { -readonly [N in keyof PivotValues<Row, V> as `${N & string}${S}${K[number]}`]: PivotValues<Row, V>[N] | null }
  : { [Key in `${K[number]}`]: PivotValues<Row, V>[keyof PivotValues<Row, V>] | null };

/** The columns of an ungrouped rollup: of no rows, all but the counts are null. */
export type TotalResults<A> = { -readonly [K in keyof A]: A[K] extends Aggregate<never, infer T, infer E> ? T | E : never };

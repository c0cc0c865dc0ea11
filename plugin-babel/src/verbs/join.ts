import { joinKeyTypes } from "../diagnostics/join-key-types.ts";
import { noCommonColumns } from "../diagnostics/no-common-columns.ts";
import { ANY, type Distribution, replicated } from "../ir/distribution.ts";
import type { Data } from "../ir/data.ts";
import type { Instruction, OutputColumn, TableType } from "../ir/ir.ts";
import { columnOf } from "../ir/ir.ts";
import { type Column, eitherType } from "../ir/types.ts";
import { conditionData, matchOf, splitCondition } from "./condition.ts";
import { reportMissing, reportTwice } from "./named.ts";
import { expressionOf, names, optionOf, readBy, renameKeys, together, union } from "./rules.ts";
import type { TypeContext, Verb } from "./verb.ts";

/** Which rows leave the join. */
export type JoinType = "inner" | "left" | "right" | "full" | "semi" | "anti";

interface JoinRecord {
  readonly name: string;
  readonly type: JoinType;
  /** False: every left row with every right one. */
  readonly keyed?: boolean;
  readonly docs: string;
  readonly example: string;
}

export const keysOf = (i: Instruction, role: "left" | "right") => i.rows.filter((r) => r.role === role);

/** The key pairs as the plan has them. */
export const keyData = (i: Instruction): Data => {
  const right = keysOf(i, "right");
  return keysOf(i, "left").map((l, n) => ({ left: expressionOf(l), right: expressionOf(right[n]!) }));
};

/** Checks the key pairs; both sides must be what JavaScript could find equal. */
export function checkKeys(i: Instruction, context: TypeContext): void {
  const right = keysOf(i, "right");
  keysOf(i, "left").forEach((l, n) => {
    const r = right[n];
    if (l.expression && r?.expression && l.expression.type.js !== r.expression.type.js) context.report(joinKeyTypes(l, r));
  });
}

/** Which side may have no row for a row of the result. */
const mayLack: Readonly<Record<JoinType, readonly (0 | 1)[]>> = { inner: [], left: [1], right: [0], full: [0, 1], semi: [], anti: [] };

/**
 * Arquero's output: the columns that are named, or all of both sides, keys of one name once, of the side that has them in every row;
 * clashing names get `_1` and `_2`, or their suffixes.
 */
export function outputColumns(i: Instruction, type: JoinType, left: TableType, right: TableType): OutputColumn[] {
  const rightKeys = keysOf(i, "right");
  const shared = new Set(keysOf(i, "left").flatMap((l, n) => (!isNamed(i) && l.name !== null && l.name === rightKeys[n]?.name ? [l.name] : [])));
  const named = (input: 0 | 1, { row }: TableType): string[] => (isNamed(i) ? [...new Set(i.columns.filter((c) => c.input === input).map((c) => c.from))] : names(row));
  const leftNames = named(0, left).filter((name) => type !== "right" || !shared.has(name));
  const rightNames = named(1, right).filter((name) => type === "right" || !shared.has(name));
  const clash = (name: string) => leftNames.includes(name) && rightNames.includes(name);
  const suffixed = (name: string, side: 0 | 1): string => (clash(name) ? `${name}${(optionOf(i, `suffix ${side}`) as string | undefined) ?? `_${side + 1}`}` : name);
  return [
    ...leftNames.map((from): OutputColumn => {
      const merged = type === "full" && shared.has(from) ? { merged: true as const } : {};
      return { input: 0, from, as: suffixed(from, 0), ...merged, span: i.span };
    }),
    ...rightNames.map((from) => ({ input: 1 as const, from, as: suffixed(from, 1), span: i.span })),
  ];
}

/** Whether the columns of the result are named, perhaps by selections that choose none. */
export const isNamed = (i: Instruction): boolean => optionOf(i, "values") === true;

/** Both inputs by the key columns, where each key is a plain column. */
function keyColumns(i: Instruction, role: "left" | "right"): string[] | null {
  const keys = keysOf(i, role).map((k) => (k.expression?.kind === "column" ? k.expression.name : null));
  return keys.every((k) => k !== null) ? (keys as string[]) : null;
}

const makeJoin = ({ name, type, keyed = true, docs, example }: JoinRecord): Verb => {
  const keepsLeftOnly = type === "semi" || type === "anti";
  /** Whether rows of the other side stay where they are when this side is on every rank: not if it has rows of its own in the result. */
  const stays = (input: 0 | 1) => !mayLack[type].includes(input === 0 ? 1 : 0) && !(keepsLeftOnly && input === 0);
  return {
    name,
    docs,
    example,
    on: "table",
    role: "verb",
    signature: [{ kind: "table" }, ...(keyed ? [{ kind: "join-keys" as const, condition: true }] : []), ...(keepsLeftOnly ? [] : [{ kind: "join-values" as const }])],
    implied: ([left, right]) =>
      names(left!.row)
        .filter((name) => keyed && columnOf(right!.row, name))
        .flatMap((column) => [{ role: "left", input: 0, column }, { role: "right", input: 1, column }] as const),
    type: (i, [left, right], context) => {
      if (keyed && keysOf(i, "left").length === 0 && !matchOf(i)) context.report(noCommonColumns(i.span, left!.row, right!.row));
      checkKeys(i, context);
      splitCondition(i);
      if (keepsLeftOnly) return left!;
      i.columns = reportMissing(i, i.columns, [left!, right!], context);
      i.columns = outputColumns(i, type, left!, right!);
      i.rows = i.rows.filter((r) => r.role !== "parameter" || r.name === "values");
      reportTwice(i.columns, context);
      const row = i.columns.map(({ input, from, as, merged }): Column => {
        const t = columnOf((input === 0 ? left! : right!).row, from)!;
        // A key that the right side lacks has been reported.
        const other = merged ? (columnOf(right!.row, from) ?? { ...t, nullable: true }) : { ...t, nullable: mayLack[type].includes(input) };
        return { name: as, type: eitherType(t, other) };
      });
      return { row, groups: null };
    },
    distribution: (i, [left, right]): Distribution => {
      if (left!.kind === "replicated" && right!.kind === "replicated") return replicated(`both sides of ${name} are replicated`, i.span);
      // A replicated side is there on every rank: nothing moves, and the rows of the other stay where they are.
      const kept = (input: 0 | 1) => (key: string) => (keepsLeftOnly ? key : (i.columns.find((c) => c.input === input && c.from === key)?.as ?? null));
      if (right!.kind === "replicated" && stays(1)) return renameKeys(left!, kept(0));
      return type === "right" && left!.kind === "replicated" ? renameKeys(right!, kept(1)) : ANY;
    },
    communicates: (i, [left, right]) => {
      if ((left!.kind === "replicated" && stays(0)) || (right!.kind === "replicated" && stays(1))) return null;
      if (keysOf(i, "left").length === 0) return withoutKeys[type];
      const [l, r] = [keyColumns(i, "left"), keyColumns(i, "right")];
      if (l && r && isHash(left) && isHash(right) && together(left, l) && together(right, r)) return null;
      return `by (${keysOf(i, "left").map((k) => k.name ?? "…").join(", ")}): shuffle (Alltoallv) or broadcast (Bcast), decided by size`;
    },
    order: (_, input) => (input === 1 && keepsLeftOnly ? "ignores" : "passes"),
    rowwise: keepsLeftOnly,
    passFilter: (i, columns) => {
      if (keepsLeftOnly) return { input: 0 };
      const from = i.columns.filter((c) => columns.has(c.as));
      const [input] = new Set(from.map((c) => c.input));
      // Of an outer join the columns are null in rows that a filter on the right side alone would not make.
      if (input === undefined || from.some((c) => c.input !== input) || mayLack[type].length > 1 || mayLack[type].includes(input)) return null;
      return { input, rename: new Map(from.map((c) => [c.as, c.from])) };
    },
    repeatable: false,
    demands: (i, demanded) => {
      const side = (input: 0 | 1) => i.columns.filter((c) => (c.input === input || c.merged) && demanded.has(c.as)).map((c) => c.from);
      return [union(keepsLeftOnly ? demanded : side(0), readBy(i.rows, 0)), union(keepsLeftOnly ? [] : side(1), readBy(i.rows, 1))];
    },
    besides: (i, input) => ((input === 1 && keepsLeftOnly) || (isNamed(i) && !i.wild?.includes(input as 0 | 1)) ? "ends" : "passes"),
    prune: (i, demanded) => {
      i.columns = i.columns.filter((c) => demanded.has(c.as));
    },
    lower: (i) => {
      return {
        method: "join",
        descriptor: {
          type,
          on: keyData(i),
          ...(matchOf(i) && { condition: conditionData(i) }),
          columns: i.columns.map(({ input, from, as, merged }) => ({ side: merged ? "both" : input === 0 ? "left" : "right", from, as })),
        },
      };
    },
  };
};

const smallOrBoth = (side: string): string => `the ${side} table to every rank (Bcast), or both to one (Alltoallv), decided by size`;

/** What moves where no key is equal on both sides: a side without rows of its own in the result may go to every rank. */
const withoutKeys: Readonly<Record<JoinType, string>> = {
  inner: "the smaller table to every rank (Bcast)",
  left: smallOrBoth("right"),
  right: smallOrBoth("left"),
  full: "both tables to one rank (Alltoallv): no key is equal on both sides",
  semi: smallOrBoth("right"),
  anti: smallOrBoth("right"),
};

const isHash = (d: Distribution | undefined) => d?.kind === "distributed" && d.partitioning.kind === "hash";

export const join = makeJoin({
  name: "join",
  type: "inner",
  docs: "Pairs of a left and a right row whose keys are equal, or that a condition `(a, b) => …` holds of; null keys match nothing. A third argument names the columns of the result, of the left table and of the right one, a fourth what columns of one name end in: `{ suffix: [\"_1\", \"_2\"] }`, as they do by default.",
  example: 'trips.join(weather, "date", [["driver", "date"], not("date")], { suffix: ["", "_weather"] })',
});
export const join_left = makeJoin({
  name: "join_left",
  type: "left",
  docs: "As join; left rows without a match follow at the end, the right columns null.",
  example: 'trips.join_left(zones, [["PULocationID"], ["LocationID"]])',
});
export const join_right = makeJoin({
  name: "join_right",
  type: "right",
  docs: "As join; right rows without a match follow at the end, the left columns null.",
  example: 'trips.join_right(zones, ["zone", "zone"])',
});
export const join_full = makeJoin({
  name: "join_full",
  type: "full",
  docs: "As join; left rows without a match follow, then right ones. A key of one name is of whichever side has the row.",
  example: 'trips.join_full(zones, "zone")',
});
export const cross = makeJoin({
  name: "cross",
  type: "inner",
  keyed: false,
  docs: "Every left row with every right row.",
  example: "zones.cross(days)",
});
export const semijoin = makeJoin({
  name: "semijoin",
  type: "semi",
  docs: "The left rows that have a match.",
  example: 'trips.semijoin(wetDays, "date")',
});
export const antijoin = makeJoin({
  name: "antijoin",
  type: "anti",
  docs: "The left rows that have no match.",
  example: 'trips.antijoin(holidays, "date")',
});

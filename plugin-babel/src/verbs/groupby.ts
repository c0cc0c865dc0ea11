import type { Data } from "../ir/data.ts";
import type { Distribution } from "../ir/distribution.ts";
import type { Instruction } from "../ir/ir.ts";
import { hashedBy, names, namedExpressions, readBy, together, union } from "./rules.ts";
import { typeOf, windows } from "./derive.ts";
import { reportWindows } from "./window-arguments.ts";
import { windowData } from "./windows.ts";
import type { Verb } from "./verb.ts";

/** The column of a row's bin, which stays as it is whatever becomes of the rows: no program has it. */
const binColumn = (name: string): string => ` bin ${name}`;

/** The keys as expressions of the row, the bins among them as columns. */
const keys = (i: Instruction): Data =>
  namedExpressions(i.rows.map((k) => (k.role === "window" ? { ...k, expression: { kind: "column", name: binColumn(k.name!), type: typeOf(k, i), span: k.span } } : k)));

/** Bins of the groups that there were need each group on one rank. */
const isMoved = (i: Instruction, inputs: readonly Distribution[]): boolean => windows(i).length > 0 && i.declared !== null && !together(inputs[0], names(i.declared));

export const groupby: Verb = {
  name: "groupby",
  docs: "Says by which keys rollup, count, pivot, slice, sample, and the windows and aggregates of derive and impute group; moves nothing itself. Keys are columns, selections of them, row functions, and bins.",
  example: 'trips.groupby("PULocationID", { month: (d) => d.pickup_datetime.getUTCMonth(), miles: bin("trip_miles", { maxbins: 20 }) })',
  on: "table",
  role: "verb",
  grouped: true,
  signature: [{ kind: "keys", bins: true }],
  type: (i, [input], context) => {
    // Of two keys of one name the later one counts, in the place of the first.
    i.rows = [...new Map(i.rows.map((k) => [k.name, k])).values()];
    // Bins are of the groups that there were.
    i.declared = input!.groups;
    reportWindows(i, context);
    // What a bin was computed from may be replaced.
    return { row: input!.row, groups: i.rows.map((k) => ({ name: k.name!, type: typeOf(k, i) })), groupReads: [...readBy(i.rows.filter((k) => k.role === "key"))] };
  },
  distribution: (i, inputs) => (isMoved(i, inputs) ? hashedBy(names(i.declared!), inputs) : inputs[0]!),
  communicates: (i, inputs) => {
    if (windows(i).length === 0 || inputs[0]!.kind === "replicated") return null;
    if (isMoved(i, inputs)) return `by (${names(i.declared!).join(", ")}): rows shuffled (Alltoallv)`;
    return i.declared ? null : "least and greatest values of all ranks, for the bins (Allgather)";
  },
  order: () => "passes",
  besides: (i) => (i.wild ? "seen" : "passes"),
  rowwise: true,
  repeatable: true,
  // A key groups even where its column is not read afterwards: none can be forgotten.
  demands: (i, demanded) => [union(demanded, readBy(i.rows))],
  lower: (i) => ({
    method: "groupby",
    descriptor: {
      keys: keys(i),
      ...(windows(i).length > 0 && { windows: windows(i).map((k): Data => ({ name: binColumn(k.name!), value: windowData(k, i) })), columns: [...(i.demanded ?? [])] }),
    },
  }),
};

/** What the views say of a table, in words. */
import type { ManifestFunction, ManifestTable } from "../compile/protocol.ts";

export type DistributionKind = "block" | "hash" | "range" | "any" | "replicated";

export const kindOf = (table: ManifestTable): DistributionKind => (/^\w+/.exec(table.distribution)?.[0] ?? "any") as DistributionKind;

export const kinds: Readonly<Record<DistributionKind, string>> = {
  block: "contiguous chunks, in table order",
  hash: "rows of equal keys on one rank",
  range: "rank order is key order",
  any: "each row on some rank",
  replicated: "the whole table on every rank",
};

/** What moves rows between ranks at a table's verb; null: nothing. */
export function movesAt(fn: ManifestFunction, table: ManifestTable): string | null {
  return fn.communicates.find((c) => c.line === table.line && c.verb === table.verb)?.what ?? null;
}

/** Why the table is where it is: the compiler's reason, else what the verb did to its inputs. */
export function reasonOf(fn: ManifestFunction, table: ManifestTable): string {
  if (table.why !== null) return `replicated because ${table.why}`;
  const moves = movesAt(fn, table);
  const inputs = fn.tables.filter((t) => table.inputs.includes(t.value));
  if (inputs.length === 0) return `read in ${kinds[kindOf(table)]}`;
  if (moves !== null && table.distribution !== inputs[0]!.distribution) return `${table.distribution} because line ${table.line} moves rows: ${moves}`;
  const same = inputs.find((t) => t.distribution === table.distribution);
  if (same) return `${table.distribution} as ${same.verb} (line ${same.line}) left it: ${table.verb} moves no row`;
  return `${table.distribution}: ${kinds[kindOf(table)]}, after ${table.verb} of ${inputs.map((t) => `${t.distribution} (line ${t.line})`).join(" and ")}`;
}

/** Columns that some verb defines and nobody computes: pruned. */
export const prunedOf = (table: ManifestTable): string[] => table.row.map((c) => c.name).filter((name) => !table.columns.includes(name));

/** `a, b, c, +4` */
export function shortened(names: readonly string[], most: number): string {
  return names.length <= most ? names.join(", ") : `${names.slice(0, most).join(", ")}, +${names.length - most}`;
}

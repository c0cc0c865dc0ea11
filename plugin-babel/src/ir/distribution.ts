/** Where a table's rows are: replicated < distributed. What moves rows is decided by the engine; this is what the text implies. */
import type { SourceSpan } from "./types.ts";

export type Partitioning =
  /** Contiguous chunks in table order. */
  | { readonly kind: "block" }
  /** Rows of equal keys on one rank. */
  | { readonly kind: "hash"; readonly keys: readonly string[] }
  /** Rank order is key order. */
  | { readonly kind: "range"; readonly keys: readonly string[] }
  /** On some rank: nothing is known. */
  | { readonly kind: "any" };

export interface Reason {
  readonly text: string;
  readonly span: SourceSpan;
}

export type Distribution =
  | { readonly kind: "replicated"; readonly why: Reason }
  | { readonly kind: "distributed"; readonly partitioning: Partitioning };

export const BLOCK: Distribution = { kind: "distributed", partitioning: { kind: "block" } };
export const ANY: Distribution = { kind: "distributed", partitioning: { kind: "any" } };

export function replicated(text: string, span: SourceSpan): Distribution {
  return { kind: "replicated", why: { text, span } };
}

/** `replicated`, `block`, `hash(a, b)`, `range(a, b)`, `any`. */
export function printDistribution(d: Distribution): string {
  if (d.kind === "replicated") return "replicated";
  const p = d.partitioning;
  return p.kind === "hash" || p.kind === "range" ? `${p.kind}(${p.keys.join(", ")})` : p.kind;
}

export function sameDistribution(a: Distribution | null, b: Distribution | null): boolean {
  return a === b || (a !== null && b !== null && printDistribution(a) === printDistribution(b));
}

/** What holds of a value that is one or the other: equal, else distributed somehow. */
export function meet(a: Distribution, b: Distribution): Distribution {
  return sameDistribution(a, b) ? a : ANY;
}

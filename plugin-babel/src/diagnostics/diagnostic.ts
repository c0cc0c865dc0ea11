/** What the compiler tells the user. One file of this folder per diagnostic; `registry.ts` lists them. */
import type { SourceSpan } from "../ir/types.ts";

/** Told apart by audience: the user's mistake, a fact about parallelism, our gap, our bug. */
export type DiagnosticKind = "user-error" | "not-parallelisable" | "not-supported" | "bug";

export interface DiagnosticLocation extends SourceSpan {
  /** What is to be seen there; the first location is the primary one. */
  readonly label: string;
  /** What stands there is shown nowhere. */
  readonly secret?: true;
}

export interface TextEdit extends SourceSpan {
  readonly text: string;
}

export interface Diagnostic {
  /** `LS1xxx`, unique to one file of this folder and one page of the docs. */
  readonly code: string;
  readonly kind: DiagnosticKind;
  readonly severity: "error" | "warning";
  /** One sentence in the user's own names. */
  readonly message: string;
  readonly locations: readonly DiagnosticLocation[];
  /** The chain of reasons, nearest first. */
  readonly why: readonly string[];
  /** How it is mended; the edits are there where they are sure. */
  readonly fix: { readonly message: string; readonly edits: readonly TextEdit[] };
}

/** The same, where what is to be written instead is not all of what stands there. */
export const withoutEdits = (d: Diagnostic): Diagnostic => ({ ...d, fix: { ...d.fix, edits: [] } });

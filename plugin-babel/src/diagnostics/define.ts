/**
 * A diagnostic is data: what its documentation page says, and how an occurrence is worded.
 *
 * Codes: LS10xx directives and imports · LS11xx tables and types · LS12xx row functions and what goes to the ranks · LS13xx parallelism and effects.
 */
import type { SourceSpan } from "../ir/types.ts";
import type { Diagnostic, DiagnosticKind, DiagnosticLocation } from "./diagnostic.ts";

export interface DiagnosticPage {
  readonly code: string;
  /** A few words, the page's title. */
  readonly title: string;
  readonly kind: DiagnosticKind;
  readonly severity?: "error" | "warning";
  /** What it means and how to mend it, for the page: two to four sentences. */
  readonly docs: string;
  /** The mistake and its mending: a module, or statements of an annotated function. Both are compiled by the tests. */
  readonly example: { readonly wrong: string; readonly right: string };
}

export type Occurrence = Pick<Diagnostic, "message" | "locations" | "fix"> & Partial<Pick<Diagnostic, "why">>;

export type DiagnosticFactory<A extends readonly unknown[]> = ((...args: A) => Diagnostic) & { readonly page: DiagnosticPage };

/** Binds a page to the function that words one occurrence. */
export function defineDiagnostic<A extends readonly unknown[]>(page: DiagnosticPage, word: (...args: A) => Occurrence): DiagnosticFactory<A> {
  const make = (...args: A): Diagnostic => ({ code: page.code, kind: page.kind, severity: page.severity ?? "error", why: [], ...word(...args) });
  return Object.assign(make, { page });
}

/** A labelled place. */
export function at(span: SourceSpan, label: string): DiagnosticLocation {
  const { file, line, column, endLine, endColumn } = span;
  return { file, line, column, endLine, endColumn, label };
}

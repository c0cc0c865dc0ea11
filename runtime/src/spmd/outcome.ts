import { deserialize, serialize } from "node:v8";
import { partsOf, reportOf, thrownOf, type Thrown } from "../errors/index.ts";
import type { Usage } from "../observe/usage.ts";
import { isAgreed } from "./checked.ts";

/** How a rank's part of a call stands when all ranks meet. */
export interface Outcome {
  /** `own`: the other ranks have not seen this error yet. */
  readonly failure?: { readonly own: boolean; readonly thrown: Thrown };
  /** Not at its end: the function caught an error that all ranks have, and goes on. */
  readonly goesOn?: true;
  /** The number of the rank's next spool. */
  readonly spools?: number;
  /** What the rank has used so far. */
  readonly used?: Usage;
}

export function failed(error: unknown): Outcome {
  return { failure: { own: !isAgreed(error), thrown: partsOf(error) } };
}

export function encodeOutcome(outcome: Outcome): Buffer {
  return serialize(outcome);
}

export function decodeOutcomes(all: readonly Uint8Array[]): Outcome[] {
  return all.map((bytes) => deserialize(bytes) as Outcome);
}

/** The outcome that decides how the call ended: the lowest rank's own error, else any. Undefined: it ended well. */
export function decisive(outcomes: readonly Outcome[]): Outcome | undefined {
  return outcomes.find(({ failure }) => failure?.own) ?? outcomes.find(({ failure }) => failure);
}

/** The error of an outcome as this rank throws it. */
export function errorOf({ failure }: Outcome): unknown {
  return thrownOf(failure!.thrown);
}

/** An error in the words that the engine tells the other ranks. */
export function description(error: unknown): string {
  const report = reportOf(error);
  if (report) return JSON.stringify(report);
  return JSON.stringify({ code: "LS2009", message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
}

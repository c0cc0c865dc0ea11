import { deserialize, serialize } from "node:v8";
import { LockstepError } from "../errors/index.ts";
import { isAgreed } from "./checked.ts";

/** How a rank's part of a call stands when all ranks meet. */
export interface Outcome {
  /** `own`: the other ranks have not seen this error yet. */
  readonly failure?: { readonly own: boolean; readonly lockstep?: string; readonly error?: unknown };
  /** Not at its end: the function caught an error that all ranks have, and goes on. */
  readonly goesOn?: true;
  /** The number of the rank's next spool. */
  readonly spools?: number;
}

export function failed(error: unknown): Outcome {
  const own = !isAgreed(error);
  if (error instanceof LockstepError) return { failure: { own, lockstep: JSON.stringify(error) } };
  try {
    serialize(error);
    return { failure: { own, error } };
  } catch {
    return { failure: { own, error: new Error(String(error)) } };
  }
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
  return failure!.lockstep === undefined ? failure!.error : LockstepError.parse(failure!.lockstep);
}

/** An error in the words that the engine tells the other ranks. */
export function description(error: unknown): string {
  if (error instanceof LockstepError) return JSON.stringify(error);
  return JSON.stringify({ code: "LS2009", message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
}

import { deserialize, serialize } from "node:v8";
import { LockstepError, reportOf, rowError, rowThrown, type RowThrown } from "../errors/index.ts";
import { isAgreed } from "./checked.ts";

/** An error as it travels: serialisation keeps the name, message and stack of an error alone, not `code`, `errno` or `path`. */
export interface Thrown {
  readonly lockstep?: string;
  /** Of a row function: what `lockstep` reports. */
  readonly row?: RowThrown | undefined;
  readonly error?: unknown;
  readonly properties?: Readonly<Record<string, unknown>>;
}

export function thrown(error: unknown): Thrown {
  const report = reportOf(error);
  if (report) return { lockstep: JSON.stringify(report), row: rowThrown(error) };
  try {
    serialize(error);
  } catch {
    return { error: new Error(String(error)) };
  }
  if (!(error instanceof Error)) return { error };
  const scalars = Object.entries(error).filter(([, value]) => ["string", "number", "boolean", "bigint"].includes(typeof value));
  return { error, properties: Object.fromEntries(scalars) };
}

export function caught({ lockstep, row, error, properties }: Thrown): unknown {
  const report = lockstep === undefined ? undefined : LockstepError.parse(lockstep);
  if (report) return row ? rowError(report, row) : report;
  return properties ? Object.assign(error as Error, properties) : error;
}

/** How a rank's part of a call stands when all ranks meet. */
export interface Outcome {
  /** `own`: the other ranks have not seen this error yet. */
  readonly failure?: Thrown & { readonly own: boolean };
  /** Not at its end: the function caught an error that all ranks have, and goes on. */
  readonly goesOn?: true;
  /** The number of the rank's next spool. */
  readonly spools?: number;
}

export function failed(error: unknown): Outcome {
  return { failure: { own: !isAgreed(error), ...thrown(error) } };
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
  return caught(failure!);
}

/** An error in the words that the engine tells the other ranks. */
export function description(error: unknown): string {
  const report = reportOf(error);
  if (report) return JSON.stringify(report);
  return JSON.stringify({ code: "LS2009", message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
}

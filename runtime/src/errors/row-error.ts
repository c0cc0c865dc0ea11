/** What row functions throw: the program catches what it would catch under plain Node, a report tells people the rest. */
import { LockstepError } from "./error.ts";

const classes: Readonly<Record<string, ErrorConstructor>> = { TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError, Error };

/** An error that a row function threw, in the parts that travel. */
export interface RowThrown {
  /** JavaScript's own class, of which the program's may be a subclass. */
  readonly base: string;
  readonly name: string;
  readonly message: string;
  /** Its own fields that are plain values: a `code`. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

const reports = new WeakMap<object, { readonly report: LockstepError; readonly thrown: RowThrown }>();

/** The parts of what a row function threw in V8. */
export function partsOf(error: unknown): RowThrown {
  if (!(error instanceof Error)) return { base: "Error", name: "Error", message: String(error) };
  const base = Object.keys(classes).find((name) => error instanceof classes[name]!)!;
  const properties = Object.entries(error).filter(([, value]) => ["string", "number", "boolean"].includes(typeof value));
  return { base, name: error.name, message: error.message, properties: Object.fromEntries(properties) };
}

/** The error as JavaScript threw it; `report` has its place in the source and the advice. */
export function rowError(report: LockstepError, thrown: RowThrown): Error {
  const { base, name, message, properties } = thrown;
  const error = new classes[base]!(message);
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, writable: true, configurable: true });
  Object.assign(error, properties);
  Object.defineProperty(error, "stack", { value: report.stack });
  reports.set(error, { report, thrown });
  return error;
}

/** The parts of an error of {@link rowError}. */
export const rowThrown = (error: unknown): RowThrown | undefined => reports.get(error as object)?.thrown;

/** What is told to people: of an error of ours itself, of a row function's its report; undefined: an error of the program. */
export function reportOf(error: unknown): LockstepError | undefined {
  return error instanceof LockstepError ? error : reports.get(error as object)?.report;
}

/** The error for the JSON text that the native addon throws as a message; undefined if it is something else. */
export function engineError(text: string): Error | undefined {
  const report = LockstepError.parse(text);
  if (report?.code !== "LS2009") return report;
  const { message, detail } = JSON.parse(text) as { message: string; detail?: { name?: string; script?: number } };
  if (detail?.script !== undefined) {
    // In V8 it had more than the engine's message holds.
    const thrown = JSON.parse(message) as RowThrown;
    return rowError(new LockstepError({ ...report.toJSON(), message: thrown.message }), thrown);
  }
  return detail?.name === undefined ? report : rowError(report, { base: detail.name, name: detail.name, message });
}

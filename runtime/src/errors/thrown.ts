/** What was thrown, in parts that structured clone carries to other processes: it is caught there as plain Node would have it. */
import { inspect } from "node:util";
import { deserialize, serialize } from "node:v8";
import { classKey, classNamed } from "./classes.ts";
import { LockstepError } from "./error.ts";

const classes = { TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError, AggregateError, Error };

export type Thrown = ErrorParts | { readonly report: string; readonly row?: Thrown } | { readonly list: readonly Thrown[] } | { readonly value: unknown };

/** Of an error: structured clone alone would lose its fields, and of an AggregateError its errors. */
interface ErrorParts {
  /** JavaScript's own class, of which the program's may be a subclass. */
  readonly base: keyof typeof classes;
  /** The program's, where the ranks know it. */
  readonly class?: string | undefined;
  readonly name: string;
  readonly message: string;
  readonly stack?: string | undefined;
  /** Its own fields that are errors or plain data, `cause` among them. */
  readonly fields: readonly { readonly key: string; readonly enumerable: boolean; readonly value: Thrown }[];
}

/** Of row functions: what is told to people, and what travels. */
const reports = new WeakMap<object, { readonly report: LockstepError; readonly row: Thrown }>();

/** The parts of anything that was thrown. */
export function partsOf(thrown: unknown): Thrown {
  return travelling(thrown, new Set()) ?? errorParts(new Error(inspect(thrown)), new Set());
}

/** Undefined: it cannot travel, or contains itself. */
function travelling(value: unknown, around: ReadonlySet<unknown>): Thrown | undefined {
  if (around.has(value)) return undefined;
  if (value instanceof LockstepError) return { report: JSON.stringify(value) };
  const known = reports.get(value as object);
  if (known) return { report: JSON.stringify(known.report), row: known.row };
  if (value instanceof Error) return errorParts(value, around);
  if (Array.isArray(value)) {
    const list = value.map((item) => travelling(item, new Set(around).add(value)));
    return list.every((item) => item !== undefined) ? { list } : undefined;
  }
  try {
    serialize(value);
    return { value };
  } catch {
    return undefined;
  }
}

function errorParts(error: Error, around: ReadonlySet<unknown>): ErrorParts {
  const base = (Object.keys(classes) as (keyof typeof classes)[]).find((name) => error instanceof classes[name])!;
  const fields = Object.entries(Object.getOwnPropertyDescriptors(error)).flatMap(([key, { value, enumerable = false }]) => {
    const parts = ["message", "stack"].includes(key) ? undefined : travelling(value, new Set(around).add(error));
    return parts === undefined ? [] : [{ key, enumerable, value: parts }];
  });
  return { base, class: classKey(error), name: error.name, message: error.message, stack: error.stack, fields };
}

/** What {@link partsOf} took apart. */
export function thrownOf(parts: Thrown): unknown {
  if ("value" in parts) return parts.value;
  if ("list" in parts) return parts.list.map(thrownOf);
  if ("report" in parts) {
    const report = LockstepError.parse(parts.report)!;
    return parts.row ? thrownByRow(report, parts.row) : report;
  }
  const { base, name, message, stack, fields } = parts;
  const error = base === "AggregateError" ? new AggregateError([], message) : new classes[base](message);
  const type = classNamed(parts.class);
  if (type) Object.setPrototypeOf(error, type.prototype as object);
  const define = (key: string, value: unknown, enumerable = false): unknown => Object.defineProperty(error, key, { value, enumerable, writable: true, configurable: true });
  if (error.name !== name) define("name", name);
  define("stack", stack);
  for (const { key, value, enumerable } of fields) define(key, thrownOf(value), enumerable);
  return error;
}

/** What a row function threw, as JavaScript threw it; `report` has its place in the source and the advice. */
export function thrownByRow(report: LockstepError, row: Thrown): unknown {
  const thrown = thrownOf(row);
  if (typeof thrown !== "object" || thrown === null || thrown instanceof LockstepError) return thrown;
  if (thrown instanceof Error) Object.defineProperty(thrown, "stack", { value: report.stack });
  reports.set(thrown, { report, row });
  return thrown;
}

/** What a row function threw in V8, as the text that the engine carries. */
export const packed = (thrown: unknown): string => serialize(partsOf(thrown)).toString("base64");

/** What is told to people: of an error of ours itself, of a row function's its report; undefined: an error of the program. */
export function reportOf(error: unknown): LockstepError | undefined {
  return error instanceof LockstepError ? error : reports.get(error as object)?.report;
}

/** What is thrown for the JSON text that the native addon throws as a message; undefined if it is something else. */
export function engineError(text: string): { readonly thrown: unknown } | undefined {
  const report = LockstepError.parse(text);
  if (report?.code !== "LS2009") return report && { thrown: report };
  const { message, detail } = JSON.parse(text) as { message: string; detail?: { name?: keyof typeof classes; script?: number } };
  if (detail?.script !== undefined) {
    const row = deserialize(Buffer.from(message, "base64")) as Thrown;
    const thrown = thrownOf(row);
    if (thrown instanceof LockstepError) return { thrown: new LockstepError({ ...thrown.toJSON(), site: report.site }) };
    return { thrown: thrownByRow(new LockstepError({ ...report.toJSON(), message: thrown instanceof Error ? thrown.message : inspect(thrown) }), row) };
  }
  return { thrown: detail?.name === undefined ? report : thrownByRow(report, { base: detail.name, name: detail.name, message, fields: [] }) };
}

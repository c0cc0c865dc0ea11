/** Whether two executions gave the same answer: exactly, but for the last bits of float sums where one of them is plain Node's. */
import { inspect } from "node:util";

const TOLERANCE = 1e-12;
/** Values cancel in sums: below this the last bits of what was added are compared, not those of what is left. */
const SMALL = 1e-3;

/** The first difference, as `path: a, not b`; null if there is none. `tolerance` 0: floats have the same bits. */
export function difference(expected: unknown, actual: unknown, path = "result", tolerance = TOLERANCE): string | null {
  if (Object.is(expected, actual)) return null;
  if (typeof expected === "number" && typeof actual === "number") {
    if (expected === actual) return null; // 0 and -0
    const close = Math.abs(expected - actual) <= tolerance * Math.max(Math.abs(expected), Math.abs(actual), SMALL);
    return close ? null : `${path}: ${actual}, not ${expected}`;
  }
  if (expected instanceof Date && actual instanceof Date) {
    return Object.is(expected.getTime(), actual.getTime()) ? null : `${path}: ${actual.toISOString()}, not ${expected.toISOString()}`;
  }
  if (Array.isArray(expected) && Array.isArray(actual)) {
    if (expected.length !== actual.length) return `${path}: ${actual.length} elements, not ${expected.length}`;
    return first(expected.map((_, i) => () => difference(expected[i], actual[i], `${path}[${i}]`, tolerance)));
  }
  if (isRecord(expected) && isRecord(actual)) {
    const keys = Object.keys(expected);
    if (keys.join() !== Object.keys(actual).join()) return `${path}: columns ${Object.keys(actual).join(", ")}, not ${keys.join(", ")}`;
    return first(keys.map((key) => () => difference(expected[key], actual[key], `${path}.${key}`, tolerance)));
  }
  return `${path}: ${show(actual)}, not ${show(expected)}`;
}

function first(checks: readonly (() => string | null)[]): string | null {
  for (const check of checks) {
    const found = check();
    if (found !== null) return found;
  }
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function show(value: unknown): string {
  return inspect(value, { depth: 3, breakLength: Infinity, maxArrayLength: 5 }).slice(0, 400);
}

interface Thrown {
  readonly name: string;
  readonly code?: string;
  readonly message: string;
}

/**
 * How the ranks' error differs from plain Node's; null: it is the same. One of the program or of a row function has its
 * name and message. One of ours has its code, and its own words for what they have in common: whose it is, which names, which file.
 */
export function errorDifference(expected: Thrown, actual: Thrown): string | null {
  const shown = `${actual.name} ${actual.code ?? ""} ${actual.message}, not ${expected.name} ${expected.code ?? ""} ${expected.message}`;
  if (expected.code === undefined) return actual.message.includes(expected.message) && actual.name === expected.name ? null : shown;
  if (expected.code !== actual.code) return shown;
  const missing = stableParts(expected as Required<Thrown>).filter((part) => (typeof part === "string" ? !actual.message.includes(part) : !part.test(actual.message)));
  return missing.length === 0 ? null : `${shown}: it lacks ${missing.join(", ")}`;
}

function stableParts({ code, message }: Required<Thrown>): (string | RegExp)[] {
  // Plain Node names the column that was read, the engine what the program calls it.
  const parts: (string | RegExp)[] = /^the sum of | does not fit /.test(message) ? [] : (message.match(/"[^"/]+"/g) ?? []);
  // `op.lag: …`, `rolling: …`
  const [who] = /^[\w.]+:/.exec(message) ?? [];
  if (who) parts.push(who);
  // Inputs and outputs stand in folders of their own, but have one name.
  if (/^LS200[178]$/.test(code)) parts.push(...(message.match(/(?<=\/)[^/\s"]+(?=[\s"]|$)/g) ?? []).slice(0, 1));
  // Of several rows past 2^53 any may be the one that is named.
  if (code === "LS2004") parts.push(/-?\d{16,}/);
  return parts;
}

/** Rows of a dataset whose order was not observed, in an order that both sides can be brought into. */
export function sortedRows(rows: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  const key = (row: Record<string, unknown>): string =>
    JSON.stringify(row, (_, value: unknown) =>
      // Sums may differ in the last bits: they must not decide the order.
      typeof value === "bigint" ? `${value}n` : typeof value === "number" && !Number.isInteger(value) ? value.toPrecision(9) : value,
    );
  return rows
    .map((row) => ({ key: key(row), row }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row);
}

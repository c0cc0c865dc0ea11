/** Whether two systems answered a query alike: rows in order, texts and days exactly, numbers but for the last bits of float sums. */

/** Rows as JSON has them, their values in the order of the columns. */
export type Rows = readonly (readonly unknown[])[];

const TOLERANCE = 1e-9;

/** The first difference; null if there is none. `expected` is DuckDB's: decimals and large integers may be texts. */
export function answerDifference(expected: Rows, actual: Rows): string | null {
  if (expected.length !== actual.length) return `${actual.length} rows, not ${expected.length}`;
  for (const [i, row] of expected.entries()) {
    const j = row.findIndex((value, column) => !isSame(value, actual[i]![column]));
    if (j >= 0 || row.length !== actual[i]!.length) return `row ${i}: ${JSON.stringify(actual[i])}, not ${JSON.stringify(row)}`;
  }
  return null;
}

function isSame(expected: unknown, actual: unknown): boolean {
  if (expected === actual) return true;
  // A day is a Date of midnight to us.
  if (typeof actual === "string" && actual.endsWith("T00:00:00.000Z")) return actual.slice(0, 10) === expected;
  if (expected === null || actual === null) return false;
  return Math.abs(Number(expected) - Number(actual)) <= TOLERANCE * Math.abs(Number(expected));
}

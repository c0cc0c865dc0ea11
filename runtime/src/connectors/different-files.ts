import { LockstepError } from "../errors/index.ts";

/** A column in which a file is not like the first; "(missing)" where one lacks it. */
export interface Difference {
  readonly column: string;
  readonly found: string;
  readonly first: string;
}

export const missing = "(missing)";

/** LS2002: the files of one input have to have the same columns. */
export function filesDiffer(first: string, other: string, differences: readonly Difference[]): LockstepError {
  const rows = [
    ["column", "the file has", "the first file has", "fix"],
    ...differences.map(({ column, found, first }) => [column, found, first, "read the files separately, or rewrite one of them"]),
  ];
  const widths = [0, 1, 2].map((index) => Math.max(...rows.map((row) => [...row[index]!].length)));
  const lines = rows.map((row) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join("  "));
  const count = differences.length;
  return new LockstepError({ code: "LS2002", message: [`${other} differs from ${first} in ${count} column${count === 1 ? "" : "s"}`, ...lines.map((line) => `  ${line}`)].join("\n") });
}

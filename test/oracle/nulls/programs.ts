import { op, readCsv, type LockstepError } from "@lockstep/runtime";

interface Cell {
  id: number;
  n: number | null;
  s: string | null;
  at: Date | null;
}

export async function cells(path: string, nulls?: string[]) {
  "use spmd";
  const rows = await readCsv<Cell>(path, nulls ? { nulls } : {});
  return rows.select("id", "n", "s", "at").objects();
}

/** Named in the program: n is then a number of a file in which "NA" stands in quotes and without. */
export async function groups(path: string) {
  "use spmd";
  const rows = await readCsv<Cell>(path, { nulls: ["NA", ""] });
  return rows.filter((d) => d.s !== "x").groupby("s").rollup({ rows: op.count(), valid: op.valid("n"), sum: op.sum("n"), last: op.max("at") }).orderby("s").objects();
}

export async function texts(path: string, nulls: string[]) {
  "use spmd";
  return (await readCsv<{ a: string | null }>(path, { nulls })).select("a").objects();
}

/** Without a line of names, `;` between the fields, a type that is said. */
export async function unnamed(path: string) {
  "use spmd";
  const rows = await readCsv<{ col1: bigint | null; col2: string | null }>(path, { header: false, delimiter: ";", nulls: ["-1", "?"], types: { col1: "bigint" } });
  return rows.objects();
}

export async function skipped(path: string, nulls: string[]) {
  "use spmd";
  const rows = await readCsv<{ id: number; n: number | null }>(path, { nulls, types: { n: "number" }, onBadRow: "skip" });
  return rows.select("id", "n").objects();
}

export async function refused(path: string, nulls: string[]) {
  "use spmd";
  try {
    const rows = await readCsv<{ id: number; n: number | null }>(path, { nulls, types: { n: "number" } });
    return rows.rollup({ sum: op.sum("n") }).objects();
  } catch (error) {
    const { code, message, fix } = error as LockstepError;
    return [code, message, fix];
  }
}

/** A large result becomes a chart's points on the ranks: a program of the table's columns, compiled and run as any other. */
import type { ResultTable } from "./outputs.ts";

/** Points of a chart. */
const MOST = 200;
/** Rows that columns' types are seen in. */
const SAMPLE = 2000;

type Kind = "number" | "string" | "boolean" | "Date";

export async function aggregateProgram(table: ResultTable, x: string, y: string): Promise<string> {
  const sample = await table.page(0, Math.min(SAMPLE, table.rows));
  const kind = (name: string): Kind => kindOf(sample.map((row) => row[name]).find((value) => value !== null && value !== undefined));
  const columns = [...new Set([x, y])].map((name) => `  ${JSON.stringify(name)}: ${kind(name)} | null;`).join("\n");
  const across = `d[${JSON.stringify(x)}]`;
  const up = kind(y) === "number" ? `op.mean(${JSON.stringify(y)})` : "op.count()";
  return `import { desc, op, ${table.reader} } from "@lockstep/runtime";

interface Row {
${columns}
}
${kind(x) === "number" || kind(x) === "Date" ? binned(table.reader, across, up, kind(x)) : grouped(table.reader, x, up)}
const points = await chart(process.argv[2]!);
export default points.map(({ across, up }) => ({ across, up }));
`;
}

/** Means of so many equal parts of the column's range. */
function binned(reader: string, across: string, up: string, kind: Kind): string {
  const position = kind === "Date" ? `${across}!.getTime()` : `${across}!`;
  // NaN and the infinities have no place on an axis.
  const there = kind === "Date" ? `${across} !== null` : `${across} !== null && Number.isFinite(${across})`;
  const back = kind === "Date" ? "new Date(low + (point.bin + 0.5) * width)" : "low + (point.bin + 0.5) * width";
  return `
async function extent(path: string) {
  "use spmd";
  const rows = (await ${reader}<Row>(path)).filter((d) => ${there}).derive({ position: (d) => ${position} });
  return rows.rollup({ low: op.min("position"), high: op.max("position") }).objects();
}

async function bins(path: string, low: number, width: number) {
  "use spmd";
  const rows = (await ${reader}<Row>(path)).filter((d) => ${there});
  return rows.derive({ bin: (d) => Math.min(${MOST - 1}, Math.floor((${position} - low) / width)) }).groupby("bin").rollup({ up: ${up} }).orderby("bin").objects();
}

async function chart(path: string) {
  const [range] = await extent(path);
  const low = range?.low ?? 0;
  const width = ((range?.high ?? 1) - low) / ${MOST} || 1;
  return (await bins(path, low, width)).map((point) => ({ across: ${back}, up: point.up }));
}`;
}

/** The most frequent values. */
function grouped(reader: string, x: string, up: string): string {
  const name = JSON.stringify(x);
  return `
async function chart(path: string) {
  "use spmd";
  const groups = (await ${reader}<Row>(path)).groupby(${name}).rollup({ frequency: op.count(), up: ${up} }).orderby(desc("frequency")).slice(0, ${MOST});
  return groups.rename({ [${name}]: "across" }).objects();
}`;
}

function kindOf(value: unknown): Kind {
  if (typeof value === "string" || typeof value === "boolean") return typeof value as "string" | "boolean";
  return value instanceof Date ? "Date" : "number";
}

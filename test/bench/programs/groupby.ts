/** The ten questions of db-benchmark about groups: `groupby QUESTION FILE OUT`. */
import { desc, op, readParquet } from "@lockstep/runtime";

interface Row { id1: string; id2: string; id3: string; id4: number; id5: number; id6: number; v1: number; v2: number; v3: number }

export async function q1(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).groupby("id1").rollup({ v1: op.sum("v1") }).writeParquet(out);
}

export async function q2(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).groupby("id1", "id2").rollup({ v1: op.sum("v1") }).writeParquet(out);
}

export async function q3(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).groupby("id3").rollup({ v1: op.sum("v1"), v3: op.mean("v3") }).writeParquet(out);
}

export async function q4(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).groupby("id4").rollup({ v1: op.mean("v1"), v2: op.mean("v2"), v3: op.mean("v3") }).writeParquet(out);
}

export async function q5(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).groupby("id6").rollup({ v1: op.sum("v1"), v2: op.sum("v2"), v3: op.sum("v3") }).writeParquet(out);
}

export async function q6(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).groupby("id4", "id5").rollup({ median: op.median("v3"), sd: op.stdev("v3") }).writeParquet(out);
}

export async function q7(file: string, out: string) {
  "use spmd";
  const extremes = (await readParquet<Row>(file)).groupby("id3").rollup({ most: op.max("v1"), least: op.min("v2") });
  await extremes.derive({ range: (d) => d.most! - d.least! }).select("id3", "range").writeParquet(out);
}

export async function q8(file: string, out: string) {
  "use spmd";
  const rows = (await readParquet<Row>(file)).select("id6", "v3");
  await rows.orderby(desc("v3")).groupby("id6").slice(0, 2).ungroup().writeParquet(out);
}

/** The square of Pearson's correlation, by its definition. */
export async function q9(file: string, out: string) {
  "use spmd";
  const products = (await readParquet<Row>(file)).derive({ xy: (d) => d.v1 * d.v2, xx: (d) => d.v1 * d.v1, yy: (d) => d.v2 * d.v2 });
  const sums = products.groupby("id2", "id4").rollup({ n: op.count(), x: op.sum("v1"), y: op.sum("v2"), xy: op.sum("xy"), xx: op.sum("xx"), yy: op.sum("yy") });
  await sums.derive({ r2: (d) => (d.n * d.xy! - d.x! * d.y!) ** 2 / ((d.n * d.xx! - d.x! ** 2) * (d.n * d.yy! - d.y! ** 2)) }).select("id2", "id4", "r2").writeParquet(out);
}

export async function q10(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).groupby("id1", "id2", "id3", "id4", "id5", "id6").rollup({ v3: op.sum("v3"), count: op.count() }).writeParquet(out);
}

const questions = { q1, q2, q3, q4, q5, q6, q7, q8, q9, q10 };
await questions[process.argv[2] as keyof typeof questions](process.argv[3]!, process.argv[4]!);

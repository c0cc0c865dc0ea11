/** What does not fit the memory: `memory ACTION FILE OUT`, over db-benchmark's table of groups. */
import { op, readParquet } from "@lockstep/runtime";

interface Row { id1: string; id2: string; id3: string; id4: number; id5: number; id6: number; v1: number; v2: number; v3: number }

/** What a rank takes that has next to nothing to do. */
export async function nothing(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).slice(0, 10).writeParquet(out);
}

export async function sort(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).orderby("v3", "id3").writeParquet(out);
}

/** Nearly as many groups as rows. */
export async function groups(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).groupby("id3", "id6", "v3").rollup({ v1: op.sum("v1"), v2: op.max("v2") }).writeParquet(out);
}

/** Groups of a hundred rows, whose values are kept until they end. */
export async function medians(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).groupby("id6").rollup({ middle: op.median("v3"), kinds: op.distinct("v3") }).writeParquet(out);
}

/** Of the whole table. */
export async function median(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).rollup({ middle: op.median("v3"), kinds: op.distinct("v3"), rows: op.count() }).writeParquet(out);
}

/** Each row with itself, and the few that have both keys by chance. */
export async function join(file: string, out: string) {
  "use spmd";
  const all = await readParquet<Row>(file);
  await all.join(all.select("v3", "id3", "v2").rename({ v2: "w" }), [["v3", "id3"], ["v3", "id3"]]).writeParquet(out);
}

export async function window_of_groups(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).orderby("v3").groupby("id6").derive({ place: op.row_number(), before: op.lag("v1") }).ungroup().writeParquet(out);
}

export async function window_of_table(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).orderby("v3", "id3").derive({ place: op.row_number(), before: op.lag("v1") }).writeParquet(out);
}

const actions = { nothing, sort, groups, medians, median, join, window_of_groups, window_of_table };
await actions[process.argv[2] as keyof typeof actions](process.argv[3]!, process.argv[4]!);

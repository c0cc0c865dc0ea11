/** Ten million rows in order: `sort QUESTION FILE OUT`, over db-benchmark's table of groups. */
import { readParquet } from "@lockstep/runtime";

interface Row { id3: string; id6: number; v1: number; v3: number }

/** A float of 100 million values. */
export async function uniform(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).select("v3", "id3", "id6", "v1").orderby("v3").writeParquet(out);
}

/** A text of rows/100 values, then a float. */
export async function text(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).select("id3", "v3", "id6", "v1").orderby("id3", "v3").writeParquet(out);
}

/** Keys by a power law of exponent 1.2: an eighth of the rows have the same. */
export async function zipf(file: string, out: string) {
  "use spmd";
  const rows = (await readParquet<Row>(file)).derive({ share: (d) => (d.v3 + 0.000001) / 100 });
  await rows.derive({ key: (d) => Math.floor(Math.min(1e9, 1 / (d.share * d.share * d.share * d.share * d.share))) }).select("key", "id3", "id6", "v1").orderby("key").writeParquet(out);
}

/** Nothing to sort, and nothing to share out by. */
export async function one_key(file: string, out: string) {
  "use spmd";
  await (await readParquet<Row>(file)).derive({ key: (d) => d.v1 * 0 }).select("key", "id3", "id6", "v1").orderby("key").writeParquet(out);
}

const questions = { uniform, text, zipf, one_key };
await questions[process.argv[2] as keyof typeof questions](process.argv[3]!, process.argv[4]!);

/** The five joins of db-benchmark: `join QUESTION FOLDER OUT`. The answer is the benchmark's own check of the joined table. */
import { op, readParquet, type Table } from "@lockstep/runtime";

interface Left { id1: number; id2: number; id3: number; id5: string; v1: number }
interface Small { id1: number; v2: number }
interface Medium { id2: number; id5: string; v2: number }
interface Big { id3: number; v2: number }

async function check(joined: Table<{ v1: number; v2: number | null }>, out: string) {
  await joined.rollup({ n: op.count(), v1: op.sum("v1"), v2: op.sum("v2") }).writeParquet(out);
}

export async function q1(folder: string, out: string) {
  "use spmd";
  const [x, small] = [await readParquet<Left>(`${folder}/x.parquet`), await readParquet<Small>(`${folder}/small.parquet`)];
  await check(x.select("id1", "v1").join(small.select("id1", "v2"), "id1"), out);
}

export async function q2(folder: string, out: string) {
  "use spmd";
  const [x, medium] = [await readParquet<Left>(`${folder}/x.parquet`), await readParquet<Medium>(`${folder}/medium.parquet`)];
  await check(x.select("id2", "v1").join(medium.select("id2", "v2"), "id2"), out);
}

export async function q3(folder: string, out: string) {
  "use spmd";
  const [x, medium] = [await readParquet<Left>(`${folder}/x.parquet`), await readParquet<Medium>(`${folder}/medium.parquet`)];
  await check(x.select("id2", "v1").join_left(medium.select("id2", "v2"), "id2"), out);
}

export async function q4(folder: string, out: string) {
  "use spmd";
  const [x, medium] = [await readParquet<Left>(`${folder}/x.parquet`), await readParquet<Medium>(`${folder}/medium.parquet`)];
  await check(x.select("id5", "v1").join(medium.select("id5", "v2"), "id5"), out);
}

export async function q5(folder: string, out: string) {
  "use spmd";
  const [x, big] = [await readParquet<Left>(`${folder}/x.parquet`), await readParquet<Big>(`${folder}/big.parquet`)];
  await check(x.select("id3", "v1").join(big.select("id3", "v2"), "id3"), out);
}

const questions = { q1, q2, q3, q4, q5 };
await questions[process.argv[2] as keyof typeof questions](process.argv[3]!, process.argv[4]!);

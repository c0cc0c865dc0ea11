import { op, readCsv } from "@lockstep/runtime";

interface Row { id: number; x: number }

async function sums(path: string, out: string) {
  "use spmd";
  await (await readCsv<Row>(path)).groupby("x").rollup({ n: op.count(), sum: op.sum("id") }).writeParquet(out, { mode: "overwrite" });
}

const [path, out] = process.argv.slice(2);
if (path !== undefined && out !== undefined) await sums(path, out);

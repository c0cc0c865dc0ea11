// A program as people write them: top-level code, state, a file read, another export, and one annotated function.
import { readFileSync } from "node:fs";
import { op, readCsv, readParquet } from "@lockstep/runtime";
import { band } from "./band.ts";
import type { Sale, Shop } from "./schema.ts";

console.log("top level");

const RATE = 1.19;
const threshold: number = JSON.parse(readFileSync("settings.json", "utf8")).threshold;
let calls = 0;

export function describe(rows: number): string {
  return `call ${++calls}: ${rows} rows`;
}

export async function revenue(salesPath: string, shopsPath: string, out: string): Promise<number> {
  "use spmd";
  const shops = await readCsv<Shop>(shopsPath);
  const sales = (await readParquet<Sale>(salesPath))
    .filter((d) => d.amount > threshold)
    .derive({ gross: (d) => d.amount * RATE, band: (d) => band(d.amount) });
  const result = sales.join(shops, "shop").groupby("city", "band").rollup({ sales: op.count(), gross: op.sum("gross") }).orderby("city", "band");
  await result.writeParquet(out, { mode: "overwrite" });
  return result.numRows();
}

const [out = "out"] = process.argv.slice(2);
const rows = await revenue("sales", "shops.csv", out);
console.log(describe(rows));
export default rows;

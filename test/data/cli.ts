// npm run data -- taxi --rows N [--files F] [--out FOLDER]
// npm run data -- tpch --sf N [--out FOLDER]
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cache } from "../scripts/lib.mjs";
import { makeTaxi } from "./taxi.ts";
import { makeTpch } from "./tpch.ts";

const usage = "usage: npm run data -- taxi --rows N [--files 4] [--out FOLDER], or tpch --sf N [--out FOLDER]";
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: "string" }, files: { type: "string", default: "4" }, sf: { type: "string" }, out: { type: "string" } },
});
const rows = Number(values.rows);
const files = Number(values.files);
const scale = Number(values.sf);
const start = performance.now();
const took = (what: string): string => `${what} in ${((performance.now() - start) / 1000).toFixed(1)} s`;
if (positionals[0] === "taxi" && Number.isInteger(rows) && rows >= 0 && Number.isInteger(files) && files >= 1) {
  const data = await makeTaxi(values.out ?? join(cache, `data/taxi-v1-${rows}`), rows, files);
  console.log(`${took(`${rows} trips`)}\n${data.weather}\n${data.trips}`);
} else if (positionals[0] === "tpch" && scale > 0) {
  const data = await makeTpch(scale, values.out);
  console.log(`${took(`scale factor ${scale}`)}\n${data}`);
} else {
  console.error(usage);
  process.exit(2);
}

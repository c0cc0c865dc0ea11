// npm run data -- taxi --rows N [--files F] [--out FOLDER]
import { join } from "node:path";
import { parseArgs } from "node:util";
import { cache } from "../scripts/lib.mjs";
import { makeTaxi } from "./taxi.ts";

const usage = "usage: npm run data -- taxi --rows N [--files 4] [--out FOLDER]";
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: "string" }, files: { type: "string", default: "4" }, out: { type: "string" } },
});
const rows = Number(values.rows);
const files = Number(values.files);
if (positionals[0] !== "taxi" || !Number.isInteger(rows) || rows < 0 || !Number.isInteger(files) || files < 1) {
  console.error(usage);
  process.exit(2);
}
const start = performance.now();
const data = await makeTaxi(values.out ?? join(cache, `data/taxi-v1-${rows}`), rows, files);
console.log(`${rows} trips in ${((performance.now() - start) / 1000).toFixed(1)} s\n${data.weather}\n${data.trips}`);

/**
 * Queries of TPC-H in one process, all of them PASSES times: `tpch DATA SCALE PASSES OUT QUERY…`.
 * In OUT: each query's answer of the last pass, and the seconds of all passes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { queries } from "./tpch/index.ts";

const [data, scale, passes, out, ...names] = process.argv.slice(2) as [string, string, string, string, ...string[]];
mkdirSync(out);
const seconds = new Map<string, number[]>(names.map((name) => [name, []]));
for (let pass = 0; pass < Number(passes); pass++) {
  for (const name of names) {
    const start = performance.now();
    const rows = await queries[name]!(data, Number(scale));
    seconds.get(name)!.push((performance.now() - start) / 1000);
    writeFileSync(`${out}/${name}.json`, JSON.stringify(rows.map((row) => Object.values(row))));
  }
}
writeFileSync(`${out}/seconds.json`, JSON.stringify(Object.fromEntries(seconds)));

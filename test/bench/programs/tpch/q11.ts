import { desc, op } from "@lockstep/runtime";
import { nations, partSupps, suppliers } from "./tables.ts";

/** Important stock identification. */
export async function q11(data: string, scale: number) {
  "use spmd";
  const germany = (await nations(data)).filter((d) => d.n_name === "GERMANY");
  const german = (await suppliers(data)).semijoin(germany, ["s_nationkey", "n_nationkey"]);
  const values = (await partSupps(data))
    .semijoin(german, ["ps_suppkey", "s_suppkey"])
    .groupby("ps_partkey")
    .rollup({ value: op.sum((d) => d.ps_supplycost * d.ps_availqty) });
  const least = (values.rollup({ all: op.sum("value") }).get("all") ?? 0) * (0.0001 / scale);
  return values.filter((d) => d.value > least).orderby(desc("value"), "ps_partkey").objects();
}

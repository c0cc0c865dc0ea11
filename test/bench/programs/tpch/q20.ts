import { op } from "@lockstep/runtime";
import { lineItems, nations, partSupps, parts, suppliers } from "./tables.ts";

/** Potential part promotion. */
export async function q20(data: string) {
  "use spmd";
  const from = new Date("1994-01-01");
  const to = new Date("1995-01-01");
  const forest = (await parts(data)).filter((d) => d.p_name.startsWith("forest"));
  const shipped = (await lineItems(data))
    .filter((d) => d.l_shipdate >= from && d.l_shipdate < to)
    .semijoin(forest, ["l_partkey", "p_partkey"])
    .groupby("l_partkey", "l_suppkey")
    .rollup({ quantity: op.sum("l_quantity") });
  const stocked = (await partSupps(data))
    .join(shipped, [["ps_partkey", "ps_suppkey"], ["l_partkey", "l_suppkey"]])
    .filter((d) => d.ps_availqty > 0.5 * d.quantity);
  const canada = (await nations(data)).filter((d) => d.n_name === "CANADA");
  return (await suppliers(data))
    .semijoin(canada, ["s_nationkey", "n_nationkey"])
    .semijoin(stocked, ["s_suppkey", "ps_suppkey"])
    .select("s_name", "s_address")
    .orderby("s_name")
    .objects();
}

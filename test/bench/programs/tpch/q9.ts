import { desc, op } from "@lockstep/runtime";
import { lineItems, nations, orders, partSupps, parts, suppliers } from "./tables.ts";

/** Product type profit measure. */
export async function q9(data: string) {
  "use spmd";
  const green = (await parts(data)).filter((d) => d.p_name.includes("green"));
  const offers = (await partSupps(data)).semijoin(green, ["ps_partkey", "p_partkey"]);
  const sellers = (await suppliers(data)).join(await nations(data), ["s_nationkey", "n_nationkey"]).select("s_suppkey", { n_name: "nation" });
  return (await lineItems(data))
    .semijoin(green, ["l_partkey", "p_partkey"])
    .join(offers, [["l_partkey", "l_suppkey"], ["ps_partkey", "ps_suppkey"]])
    .join(sellers, ["l_suppkey", "s_suppkey"])
    .join(await orders(data), ["l_orderkey", "o_orderkey"])
    .groupby("nation", { o_year: (d) => d.o_orderdate.getUTCFullYear() })
    .rollup({ sum_profit: op.sum((d) => d.l_extendedprice * (1 - d.l_discount) - d.ps_supplycost * d.l_quantity) })
    .orderby("nation", desc("o_year"))
    .objects();
}

import { desc, op } from "@lockstep/runtime";
import { customers, lineItems, orders } from "./tables.ts";

/** Large volume customer. */
export async function q18(data: string) {
  "use spmd";
  const large = (await lineItems(data)).groupby("l_orderkey").rollup({ quantity: op.sum("l_quantity") }).filter((d) => d.quantity > 300);
  return (await orders(data))
    .join(large, ["o_orderkey", "l_orderkey"])
    .join(await customers(data), ["o_custkey", "c_custkey"])
    .select("c_name", "c_custkey", "o_orderkey", "o_orderdate", "o_totalprice", "quantity")
    .orderby(desc("o_totalprice"), "o_orderdate")
    .slice(0, 100)
    .objects();
}

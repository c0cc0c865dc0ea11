import { desc, op } from "@lockstep/runtime";
import { customers, lineItems, nations, orders } from "./tables.ts";

/** Returned item reporting. */
export async function q10(data: string) {
  "use spmd";
  const from = new Date("1993-10-01");
  const to = new Date("1994-01-01");
  const bought = (await orders(data)).filter((d) => d.o_orderdate >= from && d.o_orderdate < to);
  const lost = (await lineItems(data))
    .filter((d) => d.l_returnflag === "R")
    .join(bought, ["l_orderkey", "o_orderkey"])
    .groupby("o_custkey")
    .rollup({ revenue: op.sum((d) => d.l_extendedprice * (1 - d.l_discount)) });
  return lost
    .orderby(desc("revenue"), "o_custkey")
    .slice(0, 20)
    .join(await customers(data), ["o_custkey", "c_custkey"])
    .join(await nations(data), ["c_nationkey", "n_nationkey"])
    .select("c_custkey", "c_name", "revenue", "c_acctbal", "n_name", "c_address", "c_phone", "c_comment")
    .objects();
}

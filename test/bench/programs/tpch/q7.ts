import { op } from "@lockstep/runtime";
import { customers, lineItems, nations, orders, suppliers } from "./tables.ts";

/** Volume shipping. */
export async function q7(data: string) {
  "use spmd";
  const from = new Date("1995-01-01");
  const to = new Date("1996-12-31");
  const both = (await nations(data)).filter((d) => d.n_name === "FRANCE" || d.n_name === "GERMANY");
  const sellers = (await suppliers(data)).join(both, ["s_nationkey", "n_nationkey"]).select("s_suppkey", { n_name: "supp_nation" });
  const buyers = (await customers(data)).join(both, ["c_nationkey", "n_nationkey"]).select("c_custkey", { n_name: "cust_nation" });
  const bought = (await orders(data)).join(buyers, ["o_custkey", "c_custkey"]).select("o_orderkey", "cust_nation");
  return (await lineItems(data))
    .filter((d) => d.l_shipdate >= from && d.l_shipdate <= to)
    .join(sellers, ["l_suppkey", "s_suppkey"])
    .join(bought, ["l_orderkey", "o_orderkey"])
    .filter((d) => d.supp_nation !== d.cust_nation)
    .groupby("supp_nation", "cust_nation", { l_year: (d) => d.l_shipdate.getUTCFullYear() })
    .rollup({ revenue: op.sum((d) => d.l_extendedprice * (1 - d.l_discount)) })
    .orderby("supp_nation", "cust_nation", "l_year")
    .objects();
}

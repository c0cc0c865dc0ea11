import { op } from "@lockstep/runtime";
import { customers, lineItems, nations, orders, parts, regions, suppliers } from "./tables.ts";

/** National market share. */
export async function q8(data: string) {
  "use spmd";
  const from = new Date("1995-01-01");
  const to = new Date("1996-12-31");
  const nation = await nations(data);
  const america = (await regions(data)).filter((d) => d.r_name === "AMERICA");
  const buyers = (await customers(data)).semijoin(nation.semijoin(america, ["n_regionkey", "r_regionkey"]), ["c_nationkey", "n_nationkey"]);
  const bought = (await orders(data)).filter((d) => d.o_orderdate >= from && d.o_orderdate <= to).semijoin(buyers, ["o_custkey", "c_custkey"]);
  const sellers = (await suppliers(data)).join(nation, ["s_nationkey", "n_nationkey"]).select("s_suppkey", { n_name: "nation" });
  const steel = (await parts(data)).filter((d) => d.p_type === "ECONOMY ANODIZED STEEL");
  return (await lineItems(data))
    .semijoin(steel, ["l_partkey", "p_partkey"])
    .join(bought, ["l_orderkey", "o_orderkey"])
    .join(sellers, ["l_suppkey", "s_suppkey"])
    .derive({ o_year: (d) => d.o_orderdate.getUTCFullYear(), volume: (d) => d.l_extendedprice * (1 - d.l_discount) })
    .groupby("o_year")
    .rollup({ brazil: op.sum((d) => (d.nation === "BRAZIL" ? d.volume : 0)), all: op.sum("volume") })
    .derive({ mkt_share: (d) => d.brazil / d.all })
    .select("o_year", "mkt_share")
    .orderby("o_year")
    .objects();
}

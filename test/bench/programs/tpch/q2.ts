import { desc, op } from "@lockstep/runtime";
import { nations, partSupps, parts, regions, suppliers } from "./tables.ts";

/** Minimum cost supplier. */
export async function q2(data: string) {
  "use spmd";
  const europe = (await regions(data)).filter((d) => d.r_name === "EUROPE");
  const european = (await nations(data)).semijoin(europe, ["n_regionkey", "r_regionkey"]);
  const sellers = (await suppliers(data)).join(european, ["s_nationkey", "n_nationkey"]);
  const brass = (await parts(data)).filter((d) => d.p_size === 15 && d.p_type.endsWith("BRASS"));
  const offers = (await partSupps(data)).join(brass, ["ps_partkey", "p_partkey"]).join(sellers, ["ps_suppkey", "s_suppkey"]);
  const lowest = offers.groupby("p_partkey").rollup({ ps_supplycost: op.min("ps_supplycost") });
  return offers
    .semijoin(lowest, [["p_partkey", "ps_supplycost"], ["p_partkey", "ps_supplycost"]])
    .select("s_acctbal", "s_name", "n_name", "p_partkey", "p_mfgr", "s_address", "s_phone", "s_comment")
    .orderby(desc("s_acctbal"), "n_name", "s_name", "p_partkey")
    .slice(0, 100)
    .objects();
}

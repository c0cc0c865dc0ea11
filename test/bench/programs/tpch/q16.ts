import { desc, op } from "@lockstep/runtime";
import { partSupps, parts, suppliers } from "./tables.ts";
import { hasBoth } from "./text.ts";

/** Parts/supplier relationship. */
export async function q16(data: string) {
  "use spmd";
  const sizes = [49, 14, 23, 45, 19, 3, 36, 9];
  const wanted = (await parts(data)).filter((d) => d.p_brand !== "Brand#45" && !d.p_type.startsWith("MEDIUM POLISHED") && sizes.includes(d.p_size));
  const complained = (await suppliers(data)).filter((d) => hasBoth(d.s_comment, "Customer", "Complaints"));
  return (await partSupps(data))
    .join(wanted, ["ps_partkey", "p_partkey"])
    .antijoin(complained, ["ps_suppkey", "s_suppkey"])
    .groupby("p_brand", "p_type", "p_size")
    .rollup({ supplier_cnt: op.distinct("ps_suppkey") })
    .orderby(desc("supplier_cnt"), "p_brand", "p_type", "p_size")
    .objects();
}

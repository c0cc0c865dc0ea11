import { op } from "@lockstep/runtime";
import { lineItems, parts } from "./tables.ts";

const small = ["SM CASE", "SM BOX", "SM PACK", "SM PKG"];
const medium = ["MED BAG", "MED BOX", "MED PKG", "MED PACK"];
const large = ["LG CASE", "LG BOX", "LG PACK", "LG PKG"];

/** Discounted revenue. */
export async function q19(data: string) {
  "use spmd";
  return (await lineItems(data))
    .filter((d) => (d.l_shipmode === "AIR" || d.l_shipmode === "AIR REG") && d.l_shipinstruct === "DELIVER IN PERSON")
    .join(await parts(data), ["l_partkey", "p_partkey"])
    .filter(
      (d) =>
        (d.p_brand === "Brand#12" && small.includes(d.p_container) && d.l_quantity >= 1 && d.l_quantity <= 11 && d.p_size >= 1 && d.p_size <= 5) ||
        (d.p_brand === "Brand#23" && medium.includes(d.p_container) && d.l_quantity >= 10 && d.l_quantity <= 20 && d.p_size >= 1 && d.p_size <= 10) ||
        (d.p_brand === "Brand#34" && large.includes(d.p_container) && d.l_quantity >= 20 && d.l_quantity <= 30 && d.p_size >= 1 && d.p_size <= 15),
    )
    .rollup({ revenue: op.sum((d) => d.l_extendedprice * (1 - d.l_discount)) })
    .objects();
}

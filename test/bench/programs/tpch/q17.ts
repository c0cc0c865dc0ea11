import { op } from "@lockstep/runtime";
import { lineItems, parts } from "./tables.ts";

/** Small-quantity-order revenue. */
export async function q17(data: string) {
  "use spmd";
  const boxes = (await parts(data)).filter((d) => d.p_brand === "Brand#23" && d.p_container === "MED BOX");
  const lines = (await lineItems(data)).semijoin(boxes, ["l_partkey", "p_partkey"]);
  const means = lines.groupby("l_partkey").rollup({ mean: op.mean("l_quantity") });
  return lines
    .join(means, "l_partkey")
    .filter((d) => d.l_quantity < 0.2 * d.mean)
    .rollup({ price: op.sum("l_extendedprice") })
    .derive({ avg_yearly: (d) => (d.price === null ? null : d.price / 7) })
    .select("avg_yearly")
    .objects();
}

import { op } from "@lockstep/runtime";
import { lineItems, parts } from "./tables.ts";

/** Promotion effect. */
export async function q14(data: string) {
  "use spmd";
  const from = new Date("1995-09-01");
  const to = new Date("1995-10-01");
  return (await lineItems(data))
    .filter((d) => d.l_shipdate >= from && d.l_shipdate < to)
    .join(await parts(data), ["l_partkey", "p_partkey"])
    .derive({ revenue: (d) => d.l_extendedprice * (1 - d.l_discount) })
    .rollup({ promo: op.sum((d) => (d.p_type.startsWith("PROMO") ? d.revenue : 0)), all: op.sum("revenue") })
    .derive({ promo_revenue: (d) => (100 * d.promo!) / d.all! })
    .select("promo_revenue")
    .objects();
}

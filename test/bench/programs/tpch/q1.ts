import { op } from "@lockstep/runtime";
import { lineItems } from "./tables.ts";

/** Pricing summary report. */
export async function q1(data: string) {
  "use spmd";
  const last = new Date("1998-09-02");
  const shipped = (await lineItems(data)).filter((d) => d.l_shipdate <= last);
  return shipped
    .groupby("l_returnflag", "l_linestatus")
    .rollup({
      sum_qty: op.sum("l_quantity"),
      sum_base_price: op.sum("l_extendedprice"),
      sum_disc_price: op.sum((d) => d.l_extendedprice * (1 - d.l_discount)),
      sum_charge: op.sum((d) => d.l_extendedprice * (1 - d.l_discount) * (1 + d.l_tax)),
      avg_qty: op.mean("l_quantity"),
      avg_price: op.mean("l_extendedprice"),
      avg_disc: op.mean("l_discount"),
      count_order: op.count(),
    })
    .orderby("l_returnflag", "l_linestatus")
    .objects();
}

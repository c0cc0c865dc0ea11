import { op } from "@lockstep/runtime";
import { lineItems } from "./tables.ts";

/** Forecasting revenue change. */
export async function q6(data: string) {
  "use spmd";
  const from = new Date("1994-01-01");
  const to = new Date("1995-01-01");
  return (await lineItems(data))
    .filter((d) => d.l_shipdate >= from && d.l_shipdate < to && d.l_discount >= 0.05 && d.l_discount <= 0.07 && d.l_quantity < 24)
    .rollup({ revenue: op.sum((d) => d.l_extendedprice * d.l_discount) })
    .objects();
}

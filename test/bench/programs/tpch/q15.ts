import { op } from "@lockstep/runtime";
import { lineItems, suppliers } from "./tables.ts";

/** Top supplier. */
export async function q15(data: string) {
  "use spmd";
  const from = new Date("1996-01-01");
  const to = new Date("1996-04-01");
  const revenue = (await lineItems(data))
    .filter((d) => d.l_shipdate >= from && d.l_shipdate < to)
    .groupby("l_suppkey")
    .rollup({ total_revenue: op.sum((d) => d.l_extendedprice * (1 - d.l_discount)) });
  const most = revenue.rollup({ most: op.max("total_revenue") }).get("most");
  return (await suppliers(data))
    .join(revenue.filter((d) => d.total_revenue === most), ["s_suppkey", "l_suppkey"])
    .select("s_suppkey", "s_name", "s_address", "s_phone", "total_revenue")
    .orderby("s_suppkey")
    .objects();
}

import { desc, op } from "@lockstep/runtime";
import { lineItems, nations, orders, suppliers } from "./tables.ts";

/** Suppliers who kept orders waiting: the only ones of several in an order that were late. */
export async function q21(data: string) {
  "use spmd";
  const lines = await lineItems(data);
  const late = lines.filter((d) => d.l_receiptdate > d.l_commitdate);
  // An order has several suppliers if the first and the last of its keys differ.
  const shared = lines.groupby("l_orderkey").rollup({ first: op.min("l_suppkey"), last: op.max("l_suppkey") }).filter((d) => d.first !== d.last);
  const alone = late.groupby("l_orderkey").rollup({ first: op.min("l_suppkey"), last: op.max("l_suppkey"), lines: op.count() }).filter((d) => d.first === d.last);
  const failed = (await orders(data)).filter((d) => d.o_orderstatus === "F");
  const saudi = (await nations(data)).filter((d) => d.n_name === "SAUDI ARABIA");
  const sellers = (await suppliers(data)).semijoin(saudi, ["s_nationkey", "n_nationkey"]);
  return alone
    .join(sellers, ["first", "s_suppkey"])
    .semijoin(failed, ["l_orderkey", "o_orderkey"])
    .semijoin(shared, "l_orderkey")
    .groupby("s_name")
    .rollup({ numwait: op.sum("lines") })
    .orderby(desc("numwait"), "s_name")
    .slice(0, 100)
    .objects();
}

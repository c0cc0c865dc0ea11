import { op } from "@lockstep/runtime";
import { customers, orders } from "./tables.ts";

/** Global sales opportunity. */
export async function q22(data: string) {
  "use spmd";
  const codes = ["13", "31", "23", "29", "30", "18", "17"];
  const called = (await customers(data)).derive({ cntrycode: (d) => d.c_phone.slice(0, 2) }).filter((d) => codes.includes(d.cntrycode));
  const average = called.filter((d) => d.c_acctbal > 0).rollup({ average: op.mean("c_acctbal") }).get("average") ?? 0;
  return called
    .filter((d) => d.c_acctbal > average)
    .antijoin(await orders(data), ["c_custkey", "o_custkey"])
    .groupby("cntrycode")
    .rollup({ numcust: op.count(), totacctbal: op.sum("c_acctbal") })
    .orderby("cntrycode")
    .objects();
}

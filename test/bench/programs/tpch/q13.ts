import { desc, op } from "@lockstep/runtime";
import { customers, orders } from "./tables.ts";
import { hasBoth } from "./text.ts";

/** Customer distribution. */
export async function q13(data: string) {
  "use spmd";
  const ordered = (await orders(data)).filter((d) => !hasBoth(d.o_comment, "special", "requests")).groupby("o_custkey").count();
  return (await customers(data))
    .join_left(ordered, ["c_custkey", "o_custkey"])
    .groupby({ c_count: (d) => d.count ?? 0 })
    .rollup({ custdist: op.count() })
    .orderby(desc("custdist"), desc("c_count"))
    .objects();
}

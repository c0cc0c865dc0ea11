import { desc, op, readCsv } from "@lockstep/runtime";

interface Sale {
  city: string;
  product: string;
  day: Date;
  quantity: number;
  price: number;
  /** Of the price; null: none was agreed. */
  discount: number | null;
}

/** What each city turned over with orders of at least this value, the largest first. */
export async function turnover(path: string, least: number) {
  "use spmd";
  const orders = (await readCsv<Sale>(path)).derive({ value: (d) => d.quantity * d.price * (1 - (d.discount ?? 0)) }).filter((d) => d.value >= least);
  return orders
    .groupby("city")
    .rollup({ orders: op.count(), total: op.sum("value"), largest: op.max("value"), average: op.mean("quantity") })
    .orderby(desc("total"))
    .objects();
}

const [path = "data/sales.csv", least = "20"] = process.argv.slice(2);
export default await turnover(path, Number(least));

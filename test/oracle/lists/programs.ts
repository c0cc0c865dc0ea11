import { op, readArrow, readParquet, type Table } from "@lockstep/runtime";

interface Foreign {
  id: number;
  large: (string | null)[] | null;
  fixed: number[] | null;
  coded: (string | null)[];
  small: (number | null)[];
  days: (Date | null)[];
  prices: (number | null)[];
  none: (number | null)[] | null;
}

/** All but the lists of lists, which nobody looks at. */
async function foreign(path: string): Promise<Table<Foreign>> {
  const rows = await readParquet<Foreign>(path);
  return rows.select("id", "large", "fixed", "coded", "small", "days", "prices", "none");
}

export async function observed(path: string): Promise<unknown> {
  "use spmd";
  const rows = await foreign(path);
  return [
    rows.objects(),
    rows.derive({ n: (d) => d.fixed?.length, has: (d) => d.large?.includes("b"), first: (d) => d.coded[0], sum: (d) => d.small.reduce((sum: number, x) => sum + (x ?? 0), 0) }).select("id", "n", "has", "first", "sum").objects(),
    rows.unroll(["coded", "prices"]).select("id", "coded", "prices").objects(),
  ];
}

export async function copied(path: string, out: string): Promise<void> {
  "use spmd";
  const rows = await foreign(path);
  await rows.writeParquet(`${out}/all`);
  await rows.unroll("large").select("id", "large").writeParquet(`${out}/unrolled`);
  await rows.groupby({ odd: (d) => d.id % 2 }).rollup({ ids: op.array_agg("id"), first: op.first("fixed") }).writeParquet(`${out}/groups`);
}

export async function arrow(path: string): Promise<unknown> {
  "use spmd";
  const rows = (await readArrow<Foreign>(path)).select("id", "large", "fixed", "coded", "small", "days", "prices", "none");
  return [rows.objects(), rows.unroll(["large", "fixed"]).select("id", "large", "fixed").objects()];
}

/** An interface of another type than the lists have. */
export async function mistaken(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ id: number; fixed: string[] }>(path)).select("id", "fixed").objects();
}

export async function nested(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ id: number; deep: number[] }>(path)).select("id", "deep").objects();
}

interface Heavy {
  id: number;
  key: number;
  tags: (string | null)[] | null;
}

/** More than memory holds: sorted, joined, grouped. */
export async function spilled(path: string, out: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<Heavy>(path);
  await rows.orderby("key", "id").writeParquet(`${out}/sorted-ordered`);
  const some = rows.filter((d) => d.id % 3 === 0).select("id", { tags: "others" });
  await rows.join_left(some, "id").writeParquet(`${out}/joined`);
  const groups = rows.groupby("key").rollup({ ids: op.array_agg("id") });
  return [await groups.derive({ n: (d) => d.ids.length, last: (d) => d.ids.at(-1) }).select("key", "n", "last").orderby("key").slice(0, 100).objects(), await rows.unroll("tags").numRows()];
}

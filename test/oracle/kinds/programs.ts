import { desc, op, readArrow, readIceberg, readParquet, type Table } from "@lockstep/runtime";

interface Entry {
  key: string;
  value: number | null;
}

interface Kinds {
  n: number;
  id: string | null;
  ms: string | null;
  us: string | null;
  ns: string;
  price: number | null;
  wei: number;
  serial: number;
  huge: number;
  tags: Entry[] | null;
  seen: { key: string; value: { at: string; who: (string | null)[] } | null }[];
  half: number;
  large: number;
}

async function looked(rows: Table<Kinds>): Promise<unknown> {
  const keys = rows.filter((d) => d.id !== null && d.id < "8").groupby("id").rollup({ rows: op.count(), first: op.min("us"), last: op.max("ns"), some: op.any("ms"), last_id: op.max("id"), total: op.sum("price"), kinds: op.distinct("us"), all: op.array_agg("us") });
  return [
    rows.objects(),
    rows.derive({ day: (d) => `${d.id ?? "none"} at ${d.us ?? "no time"}`, hour: (d) => (d.us === null ? -1 : Number(d.us.slice(0, 2))), up: (d) => d.id?.toUpperCase() ?? null, cost: (d) => (d.price ?? 0) * 2 + d.wei, tagged: (d) => d.tags?.length ?? 0, first: (d) => d.tags?.[0]?.key ?? null }).select("n", "day", "hour", "up", "cost", "tagged", "first").objects(),
    keys.orderby("id").objects(),
    rows.filter((d) => d.us !== null && d.us >= "12:00:00").orderby("us", desc("id")).select("n", "us", "id").objects(),
    rows.orderby(desc("ns"), "ms", "price").select("n").slice(0, 30).objects(),
    rows.filter((d) => d.id === "0f0b8bd8-2a5b-5d0e-8d4c-6d9d0c7c0a51" || d.ns === "00:00:00").select("n", "id", "ns").objects(),
    rows.unroll("tags").select("n", "tags").objects(),
    rows.groupby("us").count().orderby("us").objects(),
    rows.dedupe("id").select("n", "id").objects(),
    rows.groupby("id").derive({ at: op.row_number(), before: op.lag("us") }).ungroup().select("n", "at", "before").objects(),
  ];
}

export async function observed(path: string): Promise<unknown> {
  "use spmd";
  return looked(await readParquet<Kinds>(path));
}

export async function arrow(path: string): Promise<unknown> {
  "use spmd";
  return looked(await readArrow<Kinds>(path));
}

export async function joined(path: string): Promise<unknown> {
  "use spmd";
  const rows = (await readParquet<Kinds>(path)).filter((d) => d.n < 60);
  const left = rows.select("n", "id", "us", "price");
  const right = rows.filter((d) => d.n % 2 === 0).select({ id: "id", n: "m", us: "at", ms: "ms" });
  const texts = rows.filter((d) => d.n % 3 !== 0).derive({ text: (d) => d.id ?? "none", time: (d) => d.ms ?? "none" }).select({ text: "text", time: "time", n: "k" });
  return [
    left.join(right, "id").orderby("n", "m").objects(),
    left.join_left(texts, ["id", "text"]).orderby("n", "k").objects(),
    left.join(right, ["us", "ms"]).orderby("n", "m").objects(),
    left.semijoin(texts, ["us", "time"]).orderby("n").objects(),
    left.antijoin(right, "id").orderby("n").objects(),
    left.select("n", "id").concat(texts.select({ k: "n", text: "id" })).orderby("n", "id").objects(),
    left.select("n", "us").concat(right.select({ m: "n", ms: "us" })).orderby("n", "us").objects(),
  ];
}

/** As they are, and made of texts. */
export async function copied(path: string, out: string): Promise<void> {
  "use spmd";
  const rows = await readParquet<Kinds>(path);
  await rows.writeParquet(`${out}/all`);
  await rows.writeArrow(`${out}/arrow`);
  await rows.writeJsonLines(`${out}/lines`);
  await rows.select("n", "id", "ms", "us", "ns", "price", "wei", "serial", "huge").writeCsv(`${out}/csv`);
  await rows.orderby("id").groupby("id").rollup({ n: op.min("n"), us: op.max("us"), price: op.min("price") }).writeParquet(`${out}/groups`);
  const texts = rows.derive({ key: (d) => d.id?.toUpperCase() ?? null, at: (d) => (d.us === null ? null : d.us.slice(0, 5)) }).select("n", "key", "at", "id", "us");
  await texts.writeParquet(`${out}/made`, { types: { key: "uuid", at: "time32[ms]", id: "string", us: "string" } });
  await rows.derive({ list: (d) => [{ key: `${d.n}!`, value: d.n }, { key: "other", value: null }] }).select("n", "list").writeParquet(`${out}/maps`, { types: { list: "map<string, int32>" } });
}

export async function noUuid(path: string, out: string): Promise<void> {
  "use spmd";
  const rows = await readParquet<Kinds>(path);
  await rows.derive({ key: (d) => `no-${d.n}` }).select("n", "key").writeParquet(out, { types: { key: "uuid" } });
}

export async function noTime(path: string, out: string): Promise<void> {
  "use spmd";
  const rows = await readParquet<Kinds>(path);
  await rows.select("n", "ns").writeParquet(out, { types: { ns: "time64[us]" } });
}

/** As they are, then of texts, into the same table, and read again. */
export async function iceberg(path: string, table: string): Promise<unknown> {
  "use spmd";
  const rows = (await readParquet<Kinds>(path)).select("n", "id", "us", "price", "serial");
  await rows.filter((d) => d.n % 2 === 0).writeIceberg(table);
  await rows.filter((d) => d.n % 2 === 1).derive({ id: (d) => d.id?.toUpperCase() ?? null, us: (d) => d.us }).writeIceberg(table);
  const read = await readIceberg<{ n: number; id: string | null; us: string | null; price: number | null; serial: number }>(table);
  return [read.orderby("n").objects(), read.groupby("id").count().orderby("id").objects()];
}

/** All digits, as no row function looks at them. */
export async function untouched(path: string, out: string): Promise<void> {
  "use spmd";
  const rows = await readParquet<{ n: number; serial: number; price: number | null }>(path);
  await rows.filter((d) => d.n < 9).orderby(desc("serial")).writeParquet(out);
}

export async function tooLong(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<{ n: number; price: number | null }>(path);
  return rows.derive({ twice: (d) => (d.price ?? 0) * 2 }).select("n", "twice").objects();
}

export async function bigints(path: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<{ n: number; serial: bigint }>(path, { types: { serial: "bigint" } });
  return rows.select("n", "serial").filter((d) => d.serial > 4n).derive({ next: (d) => d.serial + 1n }).objects();
}

export async function bytes(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ n: number; bytes: string }>(path)).objects();
}

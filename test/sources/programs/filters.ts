/** Filters over a source, each of which may say something of it. */
import { op, readSource } from "@lockstep/runtime";
import { things, type Thing, type Things } from "./things.ts";

export async function texts(options: Things, text: string | null) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.label === text).select("id", "price").objects();
}

export async function textOrder(options: Things, from: string, to: string) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.label !== null && d.label >= from && d.label < to).select("id", "price").objects();
}

export async function textIn(options: Things, texts: string[]) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.label !== null && texts.includes(d.label)).select("id", "price").objects();
}

export async function textInOrNull(options: Things, texts: (string | null)[]) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => texts.includes(d.label)).select("id", "price").objects();
}

export async function numberEq(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.n === n).select("id", "price").objects();
}

export async function numberAbove(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.n! > n).select("id", "price").objects();
}

export async function numberBelow(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.n! < n).select("id", "price").objects();
}

export async function numberBelowNotNull(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.n !== null && d.n < n).select("id", "price").objects();
}

export async function numberFrom(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => n <= d.n!).select("id", "price").objects();
}

export async function numberIn(options: Things, ns: number[]) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.n !== null && ns.includes(d.n)).select("id", "price").objects();
}

export async function notAbove(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => !(d.n! > n)).select("id", "price").objects();
}

export async function bigBelow(options: Things, big: bigint) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.id < big && d.id >= 2n).select("id", "price").objects();
}

export async function bigIn(options: Things, bigs: bigint[]) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => bigs.includes(d.id)).select("id", "price").objects();
}

export async function flags(options: Things) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.sure && d.ok === false).select("id", "price").objects();
}

export async function unsure(options: Things) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => !d.ok && !d.sure).select("id", "price").objects();
}

export async function nulls(options: Things) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.seen === null && d.label != null).select("id", "price").objects();
}

export async function instantsTo(options: Things, to: Date) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.at <= to).select("id", "price").objects();
}

export async function instantsBelow(options: Things, to: Date) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.at < to).select("id", "price").objects();
}

export async function instantsAbove(options: Things, from: Date) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.at > from).select("id", "price").objects();
}

export async function instantsFrom(options: Things, from: Date) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.at >= from).select("id", "price").objects();
}

export async function instant(options: Things, at: Date) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.at.getTime() === at.getTime()).select("id", "price").objects();
}

export async function instantsIn(options: Things, times: number[]) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => times.includes(d.at.getTime())).select("id", "price").objects();
}

export async function seenBelow(options: Things, to: Date) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.seen! < to).select("id", "price").objects();
}

export async function seenAbove(options: Things, from: Date) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.seen! > from).select("id", "price").objects();
}

export async function seenIn(options: Things, times: number[]) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.seen !== null && times.includes(d.seen.getTime())).select("id", "price").objects();
}

export async function written(options: Things) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.day >= new Date("2024-01-31") && d.day < new Date("2024-02-15T00:00:00Z")).select("id", "price").objects();
}

export async function invalid(options: Things, at: Date) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.at >= at).select("id", "price").objects();
}

export async function prices(options: Things, price: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.price > price && d.price <= 15.25).select("id", "price").objects();
}

export async function smalls(options: Things, small: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.small > small).select("id", "price").objects();
}

export async function either(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.price > n || d.sure).select("id", "price").objects();
}

export async function computed(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.price * 2 > n).select("id", "price").objects();
}

export async function behindFallible(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.id * 2n > 10n && d.price > n).select("id", "price").objects();
}

export async function beforeFallible(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.filter((d) => d.label !== null && d.price > n && d.id * 2n > 10n && d.sure).select("id", "price").objects();
}

/** Through other verbs, by new names. */
export async function renamed(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  const some = all.rename({ price: "cost" }).select("id", "cost", "sure").derive({ twice: (d) => d.cost * 2 });
  return some.filter((d) => d.cost < n).groupby("sure").rollup({ n: op.count(), sum: op.sum("twice") }).orderby("sure").objects();
}

/** What another use sees stays. */
export async function twice(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return [all.filter((d) => d.price < n).numRows(), all.numRows()];
}

/** The first rows of all are no filter's. */
export async function afterSlice(options: Things, n: number) {
  "use spmd";
  const all = await readSource<Thing>(things(options), { types: { id: "bigint" } });
  return all.slice(0, 20).filter((d) => d.price > n).select("id").objects();
}

/** By an interface that is wrong nothing is asked for. */
export async function misread(options: Things, text: string) {
  "use spmd";
  const all = await readSource<{ id: string; price: number }>(things(options));
  return all.filter((d) => d.id === text).select("price").objects();
}

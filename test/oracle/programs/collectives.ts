/** What ranks compute beside the tables and bring together: answers that one rank gives, too. */
import { allgather, allreduce, alltoall, alltoallv, barrier, bcast, exscan, gather, op, rank, readParquet, reduce, scan, scatter, size } from "@lockstep/runtime";
import type { Tables } from "../data.ts";

interface Row {
  id: number;
  value: number | null;
}

/** Work dealt by rank, its sums the same for any number of ranks. */
export async function dealt() {
  "use spmd";
  let [sum, least, most, factors] = [0, Infinity, -Infinity, 1n];
  for (let n = rank(); n < 100; n += size()) {
    sum += n * n;
    least = Math.min(least, n);
    most = Math.max(most, n);
    factors *= BigInt(n + 1);
  }
  return [await allreduce(sum), await allreduce(least, "min"), await allreduce(most, "max"), await allreduce(factors, "product"), await allreduce(0n), Object.is(await allreduce(NaN, "min"), NaN)];
}

/** Short arrays go whole, long ones in slices; of all types. */
export async function arrays() {
  "use spmd";
  const counts = new Float64Array(10);
  for (let n = rank(); n < 1000; n += size()) counts[n % 10]! += n;
  const long = new Int32Array(20_000);
  for (let n = rank(); n < long.length; n += size()) long[n] = n;
  const marked = await allreduce(long);
  const big = await allreduce(new BigInt64Array(5000).fill(rank() === 0 ? 9_007_199_254_740_993n : -1n), "max");
  const bytes = await allreduce(Uint8Array.of(rank() === 0 ? 255 : 0, 7), "max");
  return [[...(await allreduce(counts))], marked.every((value, n) => value === n), marked.length, big[4999] === 9_007_199_254_740_993n, [...bytes], (await allreduce(new Float32Array(0))).length];
}

/** Scans number what ranks have. */
export async function scans() {
  "use spmd";
  const mine: number[] = [];
  for (let n = Math.floor((rank() * 50) / size()); n < Math.floor(((rank() + 1) * 50) / size()); n++) mine.push(n);
  const first = await exscan(mine.length);
  const last = await scan(mine.length);
  const numbered = mine.map((n, at) => n === first + at).every(Boolean);
  const long = new Float64Array(3000).fill(1);
  const [before, upTo] = [await exscan(long), await scan(long)];
  const steps = before.every((value) => value === rank()) && upTo.every((value) => value === rank() + 1);
  const starts = [await exscan(rank(), "max"), await exscan(5, "product"), await exscan(5, "min")].map((value, n) => value === (rank() === 0 ? [-Infinity, 1, Infinity][n] : [rank() - 1, 5 ** rank(), 5][n]));
  const text = await exscan(String(rank()), (a, b) => a + b);
  return [await allreduce(numbered && steps && last - first === mine.length ? 0 : 1), await allreduce(starts.every(Boolean) ? 0 : 1), await allreduce((text ?? "") === Array.from({ length: rank() }, (_, n) => n).join("") ? 0 : 1)];
}

/** Every root, every kind of plain data. */
export async function roots() {
  "use spmd";
  const wrong: string[] = [];
  for (let root = 0; root < size(); root++) {
    const sent = await bcast({ from: rank(), at: new Date(rank()), list: [rank(), null], map: new Map([[1, "x"]]) }, root);
    if (sent.from !== root || sent.at.getTime() !== root || sent.map.get(1) !== "x") wrong.push(`bcast ${root}`);
    const all = await gather([rank()], root);
    if ((all !== undefined) !== (rank() === root) || (all ?? []).some(([from], n) => from !== n)) wrong.push(`gather ${root}`);
    const part = await scatter(Array.from({ length: size() }, (_, to) => `${rank()} to ${to}`), root);
    if (part !== `${root} to ${rank()}`) wrong.push(`scatter ${root}`);
    const sum = await reduce(1, "sum", root);
    if (sum !== (rank() === root ? size() : undefined)) wrong.push(`reduce ${root}`);
    const long = await reduce(new Float64Array(4000).fill(1), "sum", root);
    if (long?.[3999] !== (rank() === root ? size() : undefined)) wrong.push(`reduce of arrays ${root}`);
  }
  await barrier();
  return await allreduce(wrong, (a, b) => [...a, ...b]);
}

export async function exchanges() {
  "use spmd";
  const ranks = Array.from({ length: size() }, (_, n) => n);
  const received = await alltoall(ranks.map((to) => ({ from: rank(), to })));
  const right = received.every(({ from, to }, n) => from === n && to === rank());
  // Rank r has r + to elements for rank `to`, none for itself.
  const counts = ranks.map((to) => (to === rank() ? 0 : rank() + to));
  const { values, counts: came } = await alltoallv(new Float64Array(counts.reduce((a, b) => a + b, 0)).fill(rank()), counts);
  const expected = ranks.flatMap((from) => Array.from({ length: from === rank() ? 0 : rank() + from }, () => from));
  const own = expected.length === values.length && expected.every((from, n) => values[n] === from) && came.every((count, from) => count === (from === rank() ? 0 : rank() + from));
  return [await allreduce(right && own ? 0 : 1), (await allgather(rank())).every((from, n) => from === n)];
}

async function total(mine: number): Promise<number> {
  const sum = await allreduce(mine);
  return sum > 0 ? sum : await allreduce(-mine);
}

/** In loops and conditions that all ranks take, in a helper, in lists. */
export async function besideTables(tables: Tables) {
  "use spmd";
  const rows = (await readParquet<Row>(tables.uneven)).filter((d) => d.id < 500);
  const n = rows.numRows();
  const sums: number[] = [];
  for (let round = 0; round < 3; round++) {
    let mine = 0;
    for (let k = rank(); k < n; k += size()) mine += k * round;
    sums.push(await total(mine));
  }
  const least = await allreduce(rank() === 0 ? 100 : 200, "min");
  const some = n > 10 ? await allreduce(1, "max") : 0;
  const [a, b] = await Promise.all([allreduce(1, "max"), bcast("x")]);
  const counted = rows.filter((d) => d.id >= least).rollup({ n: op.count() }).objects();
  const halves = await Promise.all([10, 20].map(async (k) => (await allreduce(rank() === 0 ? k : 0)) / 2));
  return [sums, least, some, a, b, counted, halves];
}

/** What came is another object than what was given, which may be used again at once. */
export async function reused() {
  "use spmd";
  const counts = new Float64Array(3).fill(1);
  const record = { m: 1 };
  const list = [1];
  const [total, running, all, part, sent, least] = [await allreduce(counts, "max"), await scan(counts, "max"), await allgather(counts), (await alltoall(Array.from({ length: size() }, () => counts)))[0]!, await bcast(list), await allreduce(record, (a) => a)];
  counts.fill(0);
  list.push(2);
  record.m = 5;
  total[0]! += 1;
  const lengths = await allgather((await scan([1], (a, b) => (a.push(...b), a))).length);
  return [[...total], running[0], all[0]![0], part[0], sent, least, lengths.every((length, n) => length === n + 1), [...(await allreduce(Buffer.from([1]), "max"))], Object.keys(await bcast(Object.create(null) as object)).length];
}

/** A mistake on any rank is one error of all. */
export async function mistakes() {
  "use spmd";
  const said: string[] = [];
  try {
    await allreduce("text" as unknown as number);
  } catch (error) {
    said.push((error as Error).message.split("\n")[0]!);
  }
  try {
    await bcast(1, 1000);
  } catch (error) {
    said.push((error as Error).message.replace(/among \d+/, ""));
  }
  return [said, await allreduce(1, "max")];
}

/** The examples of the guide to collectives, as they stand there (test/docs/site.test.ts compares), and calls of them. */
import { allgather, allreduce, alltoall, alltoallv, barrier, bcast, exscan, gather, rank, reduce, scan, scatter, size } from "@lockstep/runtime";

/** The area under x² between 0 and 1: every rank sums up its share of the strips. */
async function area(strips: number) {
  "use spmd";
  let mine = 0;
  for (let strip = rank(); strip < strips; strip += size()) mine += ((strip + 0.5) / strips) ** 2 / strips;
  const sum = await allreduce(mine);
  const largest = await allreduce((((strips - 1) + 0.5) / strips) ** 2, "max");
  return [sum.toFixed(6), largest];
}

/** Arrays are combined element by element: a histogram whose parts no rank has whole. */
async function histogram(values: number) {
  "use spmd";
  const counts = new Float64Array(16);
  for (let n = rank(); n < values; n += size()) counts[(n * 7919) % 16]! += 1;
  return [...(await allreduce(counts))];
}

/** Any plain data, where a function combines two of them, the lower rank's first. */
async function meanOf(values: number) {
  "use spmd";
  let [n, sum] = [0, 0];
  for (let k = rank(); k < values; k += size()) [n, sum] = [n + 1, sum + k];
  const all = await allreduce({ n, sum }, (a, b) => ({ n: a.n + b.n, sum: a.sum + b.sum }));
  return all.sum / all.n;
}

/** exscan: how many come before; scan: how many with these. So every rank knows the numbers of its part. */
async function numbered(items: number) {
  "use spmd";
  const mine = Math.floor(((rank() + 1) * items) / size()) - Math.floor((rank() * items) / size());
  const first = await exscan(mine);
  const next = await scan(mine);
  const parts = await allgather(Array.from({ length: next - first }, (_, n) => first + n));
  return parts.flat();
}

/** From one rank to all, and from all to one. */
async function fromAndToOne(text: string) {
  "use spmd";
  const words = await bcast(rank() === 0 ? text.split(" ") : []);
  const shares = Array.from({ length: size() }, (_, to) => words.filter((_word, n) => n % size() === to));
  const mine = await scatter(shares);
  const lengths = await gather(mine.map((word) => word.length));
  const longest = await reduce(Math.max(0, ...mine.map((word) => word.length)), "max");
  await barrier();
  // Only the root has what was gathered; the others learn it from there.
  return await bcast({ words: (lengths ?? []).flat().length, longest });
}

/** Every rank to every rank: numbers come to the rank that has their remainder. */
async function byRemainder(numbers: number) {
  "use spmd";
  const of = Array.from({ length: size() }, (): number[] => []);
  for (let n = Math.floor((rank() * numbers) / size()); n < Math.floor(((rank() + 1) * numbers) / size()); n++) of[n % size()]!.push(n);
  const lists = await alltoall(of);
  const flat = Int32Array.from(of.flat());
  const { values, counts } = await alltoallv(flat, of.map((list) => list.length));
  const right = lists.flat().every((n, at) => n % size() === rank() && values[at] === n) && counts.length === size();
  return [await allreduce(right ? 0 : 1), await allreduce(values.length)];
}

export async function examples() {
  "use spmd";
  return [await area(10_000), await histogram(5000), await meanOf(1001), await numbered(100), await fromAndToOne("ranks own chunks of the data and meet in collectives"), await byRemainder(1000)];
}

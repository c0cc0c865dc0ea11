/** Every shape in which ranks speak to each other: rows of all exchanges, what they agree on and collect, collectives of the program. */
import { allgather, allreduce, alltoall, barrier, bcast, desc, gather, op, rank, readCsv, scatter, size } from "@lockstep/runtime";

interface Row { id: number; x: number; name: string }
interface Group { x: number; label: string }

async function tables(path: string, groups: string, out: string) {
  "use spmd";
  const rows = await readCsv<Row>(path);
  const kept = rows.filter((d) => d.id % 5 !== 3);
  const count = await kept.numRows();
  const named = await rows.groupby("name").rollup({ n: op.count(), middle: op.median("id") }).orderby("name").objects({ limit: 3 });
  const joined = await rows.join(await readCsv<Group>(groups), "x").groupby("label").rollup({ n: op.count(), sum: op.sum("id") }).objects();
  const twins = await rows.join_full(kept.derive({ twice: (d) => d.id * 2 }), "id").numRows();
  const sorted = await rows.orderby(desc("x"), "id").derive({ before: op.lag("id"), place: op.row_number() }).objects({ limit: 5 });
  const ranked = await rows.groupby("x").derive({ place: op.rank() }).ungroup().filter((d) => d.place < 3).numRows();
  await rows.orderby("name", "id").writeParquet(out, { mode: "overwrite" });
  return { count, named, joined, twins, sorted, ranked };
}

async function between() {
  "use spmd";
  const sum = await allreduce(rank() + 0.5);
  const long = await allreduce(new Float64Array(10_000).fill(1));
  const all = await allgather("x".repeat(rank() % 3));
  const first = await bcast({ at: rank(), list: [1, 2, 3] }, size() - 1);
  const told = await gather(`of ${rank()}`, 0);
  const dealt = await scatter(Array.from({ length: size() }, (_, to) => "y".repeat(to)), 0);
  const swapped = await alltoall(Array.from({ length: size() }, () => rank()));
  await barrier();
  return await allreduce(sum + long.length + all.length + first.list.length + (told?.length ?? 0) + dealt.length + swapped.length);
}

const [path, groups, out] = process.argv.slice(2);
await tables(path!, groups!, out!);
await between();
await tables(path!, groups!, out!);

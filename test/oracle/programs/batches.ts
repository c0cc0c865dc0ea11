/** Rows dealt to the ranks: in steps, for training, and evenly. */
import { allgather, allreduce, type Batch, desc, op, size, type Table } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

/** Of every step the rows in order, whichever ranks have them; the last is short. */
export async function stepsInOrder(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level", "label", "ok", "at");
  const batches = rows.batches({ rows: 384 });
  const steps: unknown[] = [batches.steps, batches.rows];
  for await (const batch of batches) {
    const parts = await allgather({ step: batch.step, rows: batch.objects() });
    steps.push(parts.flatMap((part) => part.rows), new Set(parts.map((part) => part.step)).size);
  }
  return steps;
}

/** No rank has more than its share of a step. */
export async function evenSteps(tables: Tables) {
  "use spmd";
  const counts: number[] = [];
  let uneven = 0;
  for await (const batch of (await measurements(tables)).filter((d) => d.id < 700).batches({ rows: 50 })) {
    counts.push(await allreduce(batch.rows));
    const share = 50 / size();
    if (batch.rows > Math.ceil(share)) uneven++;
  }
  return [counts, await allreduce(uneven)];
}

/** Numbers, null as NaN, booleans as 0 and 1; matrices row by row; values as they are. */
export async function columnsOfSteps(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "value", "ok", "station", "at");
  const out: unknown[] = [];
  for await (const batch of rows.batches({ rows: 1001 })) {
    const level = batch.numbers("value");
    const matrix = batch.matrix(["id", "ok"]);
    const right = matrix.every((value, at) => value === (at % 2 === 0 ? batch.numbers("id")[at / 2] : batch.numbers("ok")[(at - 1) / 2]));
    const sum = level.reduce((total, value) => total + (Number.isNaN(value) ? 0 : value), 0);
    out.push((await allreduce(sum)).toFixed(6), await allreduce(level.filter(Number.isNaN).length), await allreduce(matrix.length), await allreduce(right ? 0 : 1));
    out.push((await allgather(batch.values("station"))).flat(), (await allgather(batch.values("at"))).flat(), await allreduce(matrix.filter((_, at) => at % 2 === 1).reduce((a, b) => a + b, 0)));
  }
  return out;
}

/** Other seeds are other orders; of filters, joins, sorts, groups; of a table that is read again. */
export async function shuffledSteps(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).filter((d) => d.level > 2).select("id", "station", "level");
  const named = rows.join(await stations(tables), "station").select("id", "level", "name");
  const out: unknown[] = [];
  for (let epoch = 0; epoch < 3; epoch++) {
    const ids: number[][] = [];
    for await (const batch of rows.batches({ rows: 100, shuffle: epoch })) ids.push((await allgather(batch.values("id"))).flat());
    out.push(ids);
  }
  for await (const batch of named.orderby(desc("level"), "id", "name").batches({ rows: 64 })) out.push((await allgather(batch.objects())).flat());
  for await (const batch of rows.groupby("station").rollup({ n: op.count(), mean: op.mean("level") }).batches({ rows: 3, shuffle: 9 })) out.push((await allgather(batch.objects())).flat());
  return out;
}

/** None, fewer rows than ranks, one row a step, a step larger than the table; a loop that is left, another that passes by; two at once. */
export async function oddSteps(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level");
  const out: unknown[] = [];
  for await (const batch of rows.filter((d) => d.id < 0).batches({ rows: 10 })) out.push(batch.step);
  out.push(rows.filter((d) => d.id < 0).batches({ rows: 10 }).steps);
  for await (const batch of rows.slice(0, 3).batches({ rows: 1 })) out.push(await allreduce(batch.numbers("id").reduce((a, b) => a + b, 0)));
  for await (const batch of rows.slice(0, 5).batches({ rows: 1000 })) out.push((await allgather(batch.values("id"))).flat());
  for await (const { step, rows: mine } of rows.batches({ rows: 200 })) {
    if (step === 1) continue;
    if (step === 4) break;
    out.push(step, await allreduce(mine));
  }
  for await (const outer of rows.slice(0, 40).batches({ rows: 20 })) {
    for await (const inner of rows.slice(-30).batches({ rows: 15, shuffle: outer.step })) {
      out.push(await allreduce(outer.numbers("id").reduce((a, b) => a + b, 0) * 1000), (await allgather(inner.values("id"))).flat());
    }
  }
  return out;
}

/** Batches and a table of them in helpers. */
async function sumOf(batch: Batch<{ id: number; level: number }>): Promise<number> {
  return allreduce(batch.numbers("id").reduce((sum, id) => sum + id, 0));
}

async function sums(rows: Table<{ id: number; level: number }>, step: number): Promise<number[]> {
  const found: number[] = [];
  for await (const batch of rows.batches({ rows: step })) found.push(await sumOf(batch));
  return found;
}

export async function batchesInHelpers(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level");
  return [await sums(rows, 300), await sums(rows.filter((d) => d.level > 5), 41)];
}

/** A linear model by gradient descent: every rank adds up the gradient of its part of a step, and all take the same step. */
export async function trained(tables: Tables) {
  "use spmd";
  const rows = (await large(tables)).derive({ x: (d) => (d.id % 97) / 97, y: (d) => (3 * (d.id % 97)) / 97 - 1 + ((d.id * 7) % 13) / 130 }).select("x", "y");
  let [slope, intercept] = [0, 0];
  for (let epoch = 0; epoch < 4; epoch++) {
    for await (const batch of rows.batches({ rows: 5000, shuffle: epoch })) {
      const gradient = new Float64Array(3);
      const [xs, ys] = [batch.numbers("x"), batch.numbers("y")];
      for (let row = 0; row < batch.rows; row++) {
        const error = slope * xs[row]! + intercept - ys[row]!;
        gradient[0]! += error * xs[row]!;
        gradient[1]! += error;
        gradient[2]!++;
      }
      const [dSlope, dIntercept, n] = await allreduce(gradient);
      slope -= (1.5 * dSlope!) / n!;
      intercept -= (0.8 * dIntercept!) / n!;
    }
  }
  return [slope.toFixed(8), intercept.toFixed(8)];
}

/** What is read twice, of seeds and sizes that are none. */
export async function readTwice(tables: Tables) {
  "use spmd";
  const batches = (await measurements(tables)).select("id").batches({ rows: 1000 });
  for await (const batch of batches) await allreduce(batch.rows);
  for await (const batch of batches) await allreduce(batch.rows);
}

export async function halfARow(tables: Tables) {
  "use spmd";
  const rows = Number("0.5");
  for await (const batch of (await measurements(tables)).batches({ rows })) await allreduce(batch.rows);
}

export async function halfASeed(tables: Tables) {
  "use spmd";
  const shuffle = Number("0.5");
  for await (const batch of (await measurements(tables)).batches({ rows: 10, shuffle })) await allreduce(batch.rows);
}

export async function textsAsNumbers(tables: Tables) {
  "use spmd";
  let sum = 0;
  for await (const batch of (await measurements(tables)).batches({ rows: 500 })) sum += batch.numbers("station" as never).length;
  return allreduce(sum);
}

/** An error on one rank, at a step that others may have passed. */
export async function failedStep(tables: Tables) {
  "use spmd";
  let seen = 0;
  for await (const batch of (await measurements(tables)).select("id").batches({ rows: 100 })) {
    seen += batch.rows;
    if (batch.values("id").includes(777)) throw new RangeError("id 777");
  }
  return allreduce(seen);
}

export async function caughtStep(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id");
  let message = "";
  try {
    for await (const batch of rows.batches({ rows: 100 })) {
      if ((await allreduce(batch.values("id").includes(777) ? 1 : 0)) > 0) throw new RangeError(`step ${batch.step}`);
    }
  } catch (error) {
    message = (error as Error).message;
  }
  return [message, rows.numRows()];
}

/** The same rows in the same order, whatever is done with them. */
export async function rebalanced(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level", "label");
  const few = rows.filter((d) => d.id > 1500 && d.id < 1600).rebalance();
  await few.select("id", "label").writeParquet(`${out}/ordered`, { order: "program" });
  await rows.rebalance().writeParquet(`${out}/bag`);
  return [
    few.objects(), few.numRows(), few.slice(3, 9).objects(), few.groupby("station").rollup({ n: op.count(), first: op.first("id") }).objects(),
    rows.orderby(desc("level"), "id").rebalance().select("id").objects({ limit: 50 }), rows.orderby("level").rebalance().derive({ r: op.rank() }).select("id", "r").objects({ limit: 40 }),
    rows.rebalance().filter((d) => d.level > 5).derive({ n: op.row_number() }).objects({ limit: 30 }), rows.filter((d) => d.id < 0).rebalance().objects(), rows.slice(0, 2).rebalance().objects(),
    rows.rebalance().join(await stations(tables), "station").rebalance().select("id", "name").objects({ limit: 60 }), rows.dedupe("station").rebalance().dedupe("level").objects(), rows.rebalance().rebalance().concat(few.rebalance()).objects({ offset: 1990, limit: 30 }),
  ];
}

/** All rows, at random. */
export async function shuffled(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "station", "level");
  return [
    rows.shuffle().objects({ limit: 100 }), rows.shuffle({ seed: 5 }).select("id").objects(), rows.filter((d) => d.level > 9).shuffle({ seed: -1 }).objects(), rows.shuffle().numRows(),
    rows.filter((d) => d.id < 0).shuffle().objects(), rows.shuffle({ seed: 2 }).slice(0, 7).shuffle({ seed: 3 }).objects(), rows.orderby(desc("id")).shuffle().get("id", 3), rows.shuffle().groupby("station").rollup({ first: op.first("id") }).objects(),
  ];
}


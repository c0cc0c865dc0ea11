import { allreduce, op, readCsv, type Batch } from "@lockstep/runtime";

interface Delivery {
  id: number;
  km: number;
  items: number;
  hour: number;
  rain: boolean;
  late: boolean;
}

/** What the model sees of a delivery, each about as large as another; `late` is what it learns. */
interface Features {
  km: number;
  items: number;
  rush: boolean;
  rain: boolean;
  late: boolean;
}

const inputs = ["km", "items", "rush", "rain"] as const;

/** Of a batch: the sums of the gradient, of the loss, of right guesses, and the number of rows. */
function sums(batch: Batch<Features>, weights: Float64Array): Float64Array {
  const [x, late] = [batch.matrix(inputs), batch.numbers("late")];
  const n = inputs.length;
  const out = new Float64Array(n + 4);
  for (let row = 0; row < batch.rows; row++) {
    let z = weights[n]!;
    for (let i = 0; i < n; i++) z += weights[i]! * x[row * n + i]!;
    const guess = 1 / (1 + Math.exp(-z));
    const error = guess - late[row]!;
    for (let i = 0; i < n; i++) out[i]! += error * x[row * n + i]!;
    out[n]! += error;
    out[n + 1]! -= Math.log(Math.max(1e-12, late[row] === 1 ? guess : 1 - guess));
    out[n + 2]! += guess > 0.5 === (late[row] === 1) ? 1 : 0;
    out[n + 3]!++;
  }
  return out;
}

/**
 * Logistic regression by stochastic gradient descent. Of every step each rank adds up its part of the gradient, `allreduce` makes the
 * whole of the parts, and all ranks change the same weights by it: the model is the same on any number of ranks.
 */
export async function train(path: string, epochs: number) {
  "use spmd";
  const deliveries = await readCsv<Delivery>(path);
  const features = deliveries
    .derive({ meanKm: op.mean("km"), spreadKm: op.stdev("km"), mostItems: op.max("items") })
    .derive({
      km: (d) => (d.km - d.meanKm) / (d.spreadKm ?? 1),
      items: (d) => d.items / d.mostItems,
      rush: (d) => d.hour >= 16 && d.hour <= 19,
    });
  const known = features.filter((d) => d.id % 5 !== 0).select("km", "items", "rush", "rain", "late");
  const unseen = features.filter((d) => d.id % 5 === 0).select("km", "items", "rush", "rain", "late");

  const n = inputs.length;
  const weights = new Float64Array(n + 1);
  for (let epoch = 0; epoch < epochs; epoch++) {
    let [loss, rows] = [0, 0];
    for await (const batch of known.batches({ rows: 64, shuffle: epoch })) {
      const all = await allreduce(sums(batch, weights));
      const seen = all[n + 3]!;
      for (let i = 0; i <= n; i++) weights[i]! -= (0.5 * all[i]!) / seen;
      loss += all[n + 1]!;
      rows += seen;
    }
    console.log(`epoch ${epoch + 1}: loss ${(loss / rows).toFixed(4)}`);
  }

  let [right, tested] = [0, 0];
  for await (const batch of unseen.batches({ rows: 256 })) {
    const all = await allreduce(sums(batch, weights));
    right += all[n + 2]!;
    tested += all[n + 3]!;
  }
  return { weights: Array.from(weights, (weight) => Number(weight.toFixed(4))), right, tested };
}

const [path = "data/deliveries.csv", epochs = "12"] = process.argv.slice(2);
export default await train(path, Number(epochs));

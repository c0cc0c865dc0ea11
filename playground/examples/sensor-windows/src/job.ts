import { op, readCsv, rolling } from "@lockstep/runtime";

interface Reading {
  sensor: string;
  at: Date;
  celsius: number;
}

/** Each reading beside the one before it and the day's mean of its sensor; then the sensors' sudden changes. */
export async function changes(path: string, out: string) {
  "use spmd";
  const readings = (await readCsv<Reading>(path)).orderby("at").groupby("sensor");
  const compared = readings
    .derive({
      before: op.lag("celsius"),
      daily: rolling(op.mean("celsius"), { preceding: { hours: 24 }, on: "at" }),
    })
    .ungroup()
    .derive({ jump: (d) => Math.abs(d.celsius - (d.before ?? d.celsius)) });
  await compared.writeParquet(out, { mode: "overwrite" });
  return compared
    .filter((d) => d.jump > 3)
    .groupby("sensor")
    .rollup({ jumps: op.count(), largest: op.max("jump") })
    .orderby("sensor")
    .objects();
}

const [path = "data/readings.csv", out = "out"] = process.argv.slice(2);
export default await changes(path, out);

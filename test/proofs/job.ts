// What the proofs run, one action each.
import { appendFileSync, readFileSync } from "node:fs";
import { op, readParquet, table } from "@lockstep/runtime";

interface Row {
  id: number;
  key: number;
  x: number;
}

interface Serial {
  serial: bigint;
  by: bigint;
}

const [action, input = "", out = ""] = process.argv.slice(2);
let calls = 0;

/** Every verb that moves rows, up to a file. */
async function everything(from: string, to: string): Promise<number> {
  "use spmd";
  const rows = (await readParquet<Row>(from)).filter((d) => d.x >= 0);
  const best = rows.groupby("key").rollup({ best: op.max("x"), n: op.count() });
  const sorted = rows.join(best, "key").orderby("x", "id");
  await sorted.writeParquet(to);
  return sorted.numRows();
}

/** A joined table with four readers. */
async function four(from: string, to: string): Promise<number[]> {
  "use spmd";
  const names = table({ key: Array.from({ length: 5000 }, (_, key) => key), weight: Array.from({ length: 5000 }, () => 2) });
  const rows = (await readParquet<Row>(from)).join(names, "key").derive({ half: (d) => d.x / d.weight });
  const keys = rows.groupby("key").rollup({ n: op.count() });
  const total = rows.rollup({ n: op.count() });
  await rows.writeParquet(to);
  return [keys.numRows(), total.get("n", 0), rows.numRows()];
}

async function grouped(from: string): Promise<number> {
  "use spmd";
  return (await readParquet<Row>(from)).filter((d) => d.x > 0.01).groupby("key").rollup({ mean: op.mean("x") }).numRows();
}

/** As many groups as rows: what must be spilled when there is little memory. */
async function wide(from: string): Promise<number> {
  "use spmd";
  return (await readParquet<Row>(from)).groupby("id", "x").rollup({ mean: op.mean("key") }).numRows();
}

/** Readers that stop early, over a sort and over a join through an exchange. */
async function first(from: string): Promise<number[]> {
  "use spmd";
  const rows = await readParquet<Row>(from);
  const sorted = rows.orderby("x", "id");
  const matched = rows.join(rows.groupby("id").rollup({ n: op.count() }), "id");
  return [sorted.slice(0, 1).numRows(), sorted.get("id", 0) >= 0 ? 1 : 0, matched.slice(0, 1).objects().length, matched.slice(0, 20_000).numRows(), rows.slice(0, 0).numRows()];
}

/** Fails in the one row whose `by` is 0, which one rank has. */
async function divided(from: string, to: string): Promise<void> {
  "use spmd";
  await (await readParquet<Serial>(from, { types: { serial: "bigint", by: "bigint" } })).derive({ q: (d) => d.serial / d.by }).writeParquet(to);
}

async function main(): Promise<void> {
  calls += 1;
  const actions: Record<string, () => Promise<unknown>> = {
    everything: () => everything(input, out),
    four: () => four(input, out),
    grouped: () => grouped(input),
    wide: () => wide(input),
    first: () => first(input),
    divided: () => divided(input, out),
    // Ordinary code around two calls: it happens once, however many ranks there are.
    once: async () => {
      appendFileSync(out, `${readFileSync(out, "utf8").length} ${calls}\n`);
      return [await grouped(input), await grouped(input), calls];
    },
  };
  console.log(JSON.stringify(await actions[action!]!()));
}

console.log("top level");
await main();

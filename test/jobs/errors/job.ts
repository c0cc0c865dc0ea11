// What goes wrong in a call, one action each; `caught` shows that a program may catch it and go on.
import { LockstepError, readCsv, readJsonLines, readParquet, type Table } from "@lockstep/runtime";

interface Row {
  id: number;
  name: string;
  amount: number | null;
}

const [action, input = "", out = ""] = process.argv.slice(2);

async function count(path: string): Promise<number> {
  "use spmd";
  return (await readParquet<Row>(path)).filter((d) => d.id >= 0).numRows();
}

async function countCsv(path: string): Promise<number> {
  "use spmd";
  return (await readCsv<Row>(path)).filter((d) => d.id >= 0).numRows();
}

async function countJson(path: string): Promise<number> {
  "use spmd";
  return (await readJsonLines<Row>(path)).filter((d) => d.id >= 0).numRows();
}

async function shout(path: string, to: string): Promise<void> {
  "use spmd";
  await (await readParquet<Row>(path)).derive({ loud: (d) => d.name.toUpperCase() }).select("id", "loud").writeParquet(to);
}

async function collect(path: string): Promise<number> {
  "use spmd";
  return (await readParquet<Row>(path)).objects().length;
}

async function recover(path: string, missing: string): Promise<string> {
  "use spmd";
  let message = "";
  try {
    message = `${(await readParquet<Row>(missing)).numRows()} rows`;
  } catch (error) {
    message = error instanceof LockstepError ? error.code : "something else";
  }
  return `${message}, then ${(await readParquet<Row>(path)).numRows()} rows`;
}

async function half(path: string, to: string): Promise<void> {
  "use spmd";
  const t: Table<Row> = await readParquet<Row>(path);
  await t.writeParquet(`${to}/one`);
  await t.writeParquet(`${to}/two`);
}

function refuse(rows: number): void {
  if (rows > 0) throw new RangeError(`${rows} rows are too many`);
}

async function broken(path: string): Promise<void> {
  "use spmd";
  refuse((await readParquet<Row>(path)).numRows());
}

const tens = /0$/;
const suffixes = new Map([["n0", "!"]]);

/** Only V8 runs these, with values of this module that are sent with the call. */
async function matches(path: string): Promise<number> {
  "use spmd";
  return (await readParquet<Row>(path)).filter((d) => tens.test(d.name) && !suffixes.has(d.name)).numRows();
}

async function unreadable(path: string): Promise<number> {
  "use spmd";
  return (await readParquet<Row>(path)).derive({ x: (d): number => JSON.parse(d.name === "n2900" ? "{" : "1") as number }).objects().length;
}

const actions: Record<string, () => Promise<unknown>> = {
  count: () => count(input),
  countCsv: () => countCsv(input),
  countJson: () => countJson(input),
  shout: () => shout(input, out),
  collect: () => collect(input),
  recover: () => recover(input, out),
  broken: () => broken(input),
  matches: () => matches(input),
  unreadable: () => unreadable(input),
  half: () => half(input, out),
  caught: async () => {
    const code = await count(`${input}-missing`).catch((error: LockstepError) => error.code);
    return `${code}, then ${await count(input)}`;
  },
};
console.log(await actions[action!]!());

// Tables that leave annotated functions, are used in ordinary code, and come back; scalars that must be alike.
import { desc, op, readCsv, readParquet, table, type Table } from "@lockstep/runtime";

interface Row {
  a: number;
  b: string | null;
}

interface Ranked extends Row {
  z: number;
}

interface Id {
  id: bigint;
  at: Date;
}

const [csv = "", parquet = "", factorText = "3"] = process.argv.slice(2);
const factor = Number(factorText);

async function atLeast(path: string, least: number): Promise<Table<Row>> {
  "use spmd";
  return (await readCsv<Row>(path)).filter((d) => d.a >= least);
}

async function ranked(path: string): Promise<Table<Ranked>> {
  "use spmd";
  return (await atLeast(path, 2)).derive({ z: (d) => d.a * factor }).orderby(desc("a"));
}

async function above(rows: Table<Ranked>, least: number): Promise<[number, number, string[]]> {
  "use spmd";
  const some = rows.filter((d) => d.z > least);
  return [some.numRows(), some.get("a", 0), some.objects().map((row) => row.b ?? "-")];
}

async function ids(path: string): Promise<Table<Id>> {
  "use spmd";
  return (await readParquet<Id>(path, { types: { id: "bigint" } })).filter((d) => d.id > 1n);
}

async function loops(path: string): Promise<unknown> {
  "use spmd";
  const weights = table({ b: ["x", "y"], w: [1, 2] });
  const joined = (await readCsv<Row>(path)).join(weights, "b").derive({ z: (d) => d.a * d.w });
  const found: number[] = [];
  for (let least = 0; least < 12; least += 4) {
    const rest = joined.filter((d) => d.z > least);
    if (rest.numRows() > 1) found.push(rest.get("z", 0));
  }
  console.log("printed once", found.length);
  const same = Math.random();
  const again = same * 2 - same;
  return [found, same === again, joined.groupby("b").rollup({ sum: op.sum("z"), n: op.count() }).objects()];
}

const t = await ranked(csv);
console.log(t.numRows(), t.objects());
console.log(await above(t, 6));
console.log(await above(t.filter((d) => d.a > 2), 0));
console.log(await above(table({ a: [5, 6], b: ["q", null], z: [1, 100] }), 6));
const found = await ids(parquet);
console.log(found.objects(), found.derive({ next: (d) => d.id + 1n }).get("next", 0));
console.log(JSON.stringify(await loops(csv)));

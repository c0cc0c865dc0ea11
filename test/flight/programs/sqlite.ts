/** What is read of Arrow's own server, which is over SQLite: its tables are its example's. */
import { op, readFlightSql } from "@lockstep/runtime";

interface Int {
  id: number;
  keyName: string | null;
  value: number | null;
  foreignId: number | null;
}

export async function whole() {
  "use spmd";
  const rows = await readFlightSql<Int>("intTable");
  return [rows.objects(), rows.numRows(), rows.rollup({ n: op.count(), sum: op.sum("value") }).objects()];
}

export async function filtered() {
  "use spmd";
  const least = 0;
  const rows = await readFlightSql<Int>("intTable");
  return rows.filter((d) => d.value !== null && d.value >= least && d.keyName === "one").select("id", "value").objects();
}

export async function nulls() {
  "use spmd";
  const rows = await readFlightSql<Int>("select * from intTable order by id desc");
  return rows.filter((d) => d.foreignId === null).select("id").objects();
}

export async function empty() {
  "use spmd";
  const rows = await readFlightSql<Int>("select * from intTable where id > 1000");
  return [rows.objects(), rows.rollup({ n: op.count() }).objects()];
}

export async function many() {
  "use spmd";
  const rows = await readFlightSql<{ id: number; value: number | null; name: string | null }>("select a.id, b.value, d.keyName as name from intTable a, intTable b, intTable c, intTable d, intTable e, intTable f, intTable g");
  return [rows.groupby("name").rollup({ n: op.count(), sum: op.sum("value"), last: op.max("id") }).objects(), rows.select("id", "name").slice(-3).objects()];
}

/** The server says of neither how many rows it has. */
export async function joined() {
  "use spmd";
  const left = await readFlightSql<{ id: number; name: string | null }>("select a.id, d.keyName as name from intTable a, intTable b, intTable c, intTable d");
  const right = await readFlightSql<Int>("intTable");
  return [left.join(right, "id").rollup({ n: op.count(), last: op.max("value") }).objects(), right.join_left(left.groupby("id").rollup({ n: op.count() }), "id").select("id", "n").objects()];
}

export async function noTable() {
  "use spmd";
  return (await readFlightSql<{ id: number }>("nowhere")).numRows();
}

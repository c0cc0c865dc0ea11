import { desc, op, readIceberg } from "@lockstep/runtime";
import { large, measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

interface Row {
  id: number;
  level: number;
  label: string;
}

export async function parted(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  // Nearly each of them has a file of its own.
  const few = rows.filter((d) => d.level % 6 === 0);
  await few.writeIceberg(`${out}/parted`, { partitionBy: ["ok", "month(at)", "bucket(5, station)"] });
  await rows.filter((d) => d.level > 18).writeIceberg(`${out}/parted`);
  await few.select("id", "serial", "at", "label", "level").writeIceberg(`${out}/transforms`, { partitionBy: ["bucket(3, id)", "truncate(1000, serial)", "truncate(2, label)", "truncate(7, level)", "year(at)"] });
  await rows.slice(0, 50).select("id", "at", "label").writeIceberg(`${out}/hours`, { partitionBy: ["hour(at)", "label"] });
  await rows.slice(0, 50).select("id", "at").writeIceberg(`${out}/days`, { partitionBy: ["day(at)", "bucket(4, at)"] });
  await (await stations(tables)).writeIceberg(`${out}/stations`, { partitionBy: ["month(opened)", "bucket(3, opened)", "height"] });
}

export async function unparted(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows.orderby(desc("serial")).writeIceberg(`${out}/all-ordered`);
  const big = await large(tables);
  await big.writeIceberg(`${out}/large`);
  await big.groupby("key").rollup({ n: op.count(), x: op.max("x") }).writeIceberg(`${out}/groups`, { types: { n: "int32" } });
}

export async function empty(tables: Tables, out: string) {
  "use spmd";
  const none = (await measurements(tables)).filter((d) => d.level > 1000);
  await none.writeIceberg(`${out}/none`, { partitionBy: ["station"] });
  await none.writeIceberg(`${out}/none`);
  await (await stations(tables)).writeIceberg(`${out}/stations`);
  await (await stations(tables)).filter((d) => d.height < 0).writeIceberg(`${out}/stations`, { mode: "overwrite" });
  return [await (await readIceberg<{ id: number }>(`${out}/none`)).numRows(), await (await readIceberg<{ name: string }>(`${out}/stations`)).numRows()];
}

/** What a call has written it reads, also before it is committed. */
export async function readBack(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "label");
  await rows.filter((d) => d.level < 0).writeIceberg(`${out}/table`, { mode: "create" });
  const first = await (await readIceberg<Row>(`${out}/table`)).numRows();
  await rows.filter((d) => d.level === 7).writeIceberg(`${out}/table`);
  const second = await (await readIceberg<Row>(`${out}/table`)).groupby("level").count().orderby("level").objects();
  await rows.filter((d) => d.level > 10).writeIceberg(`${out}/table`, { mode: "overwrite" });
  const third = await (await readIceberg<Row>(`${out}/table`)).orderby("id").objects();
  return [first, second, third];
}

/** In the place of the partitions that have rows, also of ones that the call itself has written. */
export async function partitions(tables: Tables, out: string) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level", "label");
  await rows.writeIceberg(`${out}/table`, { mode: "overwrite-partitions", partitionBy: ["level", "truncate(1, label)"] });
  const few = rows.filter((d) => d.level > 5 && d.level < 9 && d.id < 200);
  await few.writeIceberg(`${out}/table`, { mode: "overwrite-partitions" });
  const between = await (await readIceberg<Row>(`${out}/table`)).numRows();
  await few.derive({ id: (d) => -d.id }).writeIceberg(`${out}/table`);
  await few.filter((d) => d.level === 7).writeIceberg(`${out}/table`, { mode: "overwrite-partitions" });
  await few.filter((d) => d.level === 70).writeIceberg(`${out}/table`, { mode: "overwrite-partitions" });
  await rows.writeIceberg(`${out}/plain`);
  await few.writeIceberg(`${out}/plain`, { mode: "overwrite-partitions" });
  return [between, await (await readIceberg<Row>(`${out}/table`)).orderby("id").objects(), await (await readIceberg<Row>(`${out}/plain`)).numRows()];
}

/** Columns in another order, some missing, others wider; what is written is the table's. */
export async function fitted(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows.select("id", "value", "level", "label", "serial", "at").writeIceberg(`${out}/table`, { types: { level: "int32" } });
  await rows.derive({ id: (d) => d.id * 2, value: (d) => d.level }).select("label", "id", "value").writeIceberg(`${out}/table`);
  await rows.select("level", "id").writeIceberg(`${out}/table`);
}

export async function exists(tables: Tables, out: string) {
  "use spmd";
  const rows = await stations(tables);
  await rows.writeIceberg(`${out}/twice`, { mode: "create" });
  await rows.writeIceberg(`${out}/twice`, { mode: "create" });
}

export async function unknownColumn(tables: Tables, out: string) {
  "use spmd";
  const rows = await stations(tables);
  await rows.writeIceberg(`${out}/table`);
  await rows.rename({ height: "heigth" }).writeIceberg(`${out}/table`);
}

export async function otherType(tables: Tables, out: string) {
  "use spmd";
  const rows = await stations(tables);
  await rows.writeIceberg(`${out}/table`);
  await rows.derive({ height: (d) => `${d.height}` }).writeIceberg(`${out}/table`);
}

export async function notWhole(tables: Tables, out: string) {
  "use spmd";
  const rows = await stations(tables);
  await rows.writeIceberg(`${out}/table`);
  await rows.slice(0, 1).derive({ height: () => 1.5 }).writeIceberg(`${out}/table`);
}

export async function otherPartition(tables: Tables, out: string) {
  "use spmd";
  const rows = await stations(tables);
  await rows.writeIceberg(`${out}/table`, { partitionBy: ["height"] });
  await rows.writeIceberg(`${out}/table`, { partitionBy: ["month(opened)"] });
}

export async function floatPartition(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  await rows.writeIceberg(`${out}/table`, { partitionBy: ["value"] });
}

/** An error that the function catches leaves nothing, and the rest is committed. */
export async function goesOn(tables: Tables, out: string) {
  "use spmd";
  const rows = await stations(tables);
  await rows.writeIceberg(`${out}/table`);
  let caught = "";
  try {
    await rows.writeIceberg(`${out}/table`, { mode: "create" });
  } catch (error) {
    caught = (error as { code: string }).code;
  }
  await rows.slice(0, 3).writeIceberg(`${out}/table`);
  return caught;
}

import { op, readArrow, readParquet, type Table } from "@lockstep/runtime";

interface Row {
  id: number;
  n: number | null;
  f: number | null;
  mixed: number | null;
  price: number | null;
  at: Date | null;
  day: Date | null;
  text: string | null;
  tags: (number | null)[] | null;
  place: { x: number | null; s: string | null; y: number | null } | null;
  nothing: string | null;
  wide: number | null;
  note: string | null;
  late: boolean | null;
}

const read = (path: string): Promise<Table<Row>> => (path.endsWith("arrow") ? readArrow<Row>(path) : readParquet<Row>(path));

export async function observed(path: string): Promise<unknown> {
  "use spmd";
  const rows = await read(path);
  return [
    rows.objects(),
    rows.slice(38, 45).objects(),
    rows.derive({ x: (d) => d.place?.x, y: (d) => d.place?.y, sum: (d) => d.tags?.reduce((sum: number, tag) => sum + (tag ?? 0), 0), hour: (d) => d.at?.getUTCHours() }).select("id", "x", "y", "sum", "hour").objects(),
    rows.groupby("text").rollup({ rows: op.count(), price: op.sum("price"), first: op.min("id") }).orderby("first").objects(),
    rows.rollup({ n: op.max("n"), f: op.min("f"), mixed: op.max("mixed"), at: op.max("at"), day: op.min("day"), note: op.max("note"), late: op.valid("late"), wide: op.valid("wide"), lateRows: op.count() }).objects(),
  ];
}

/** Of what files lack, have in another type, or know by statistics. */
export async function filtered(path: string): Promise<unknown> {
  "use spmd";
  const rows = await read(path);
  const ids = (some: Table<Row>): Table<{ id: number }> => some.select("id");
  return [
    ids(rows.filter((d) => d.note === null)).objects(),
    ids(rows.filter((d) => d.note !== null)).objects(),
    ids(rows.filter((d) => d.note === "note 3")).objects(),
    ids(rows.filter((d) => d.note !== "note 3")).objects(),
    ids(rows.filter((d) => !(d.n! > 40))).objects(),
    ids(rows.filter((d) => d.n! > 90)).objects(),
    ids(rows.filter((d) => d.mixed === 12)).objects(),
    ids(rows.filter((d) => d.mixed! > 12.2 && d.mixed! < 24.6)).objects(),
    ids(rows.filter((d) => d.price === 6.25)).objects(),
    ids(rows.filter((d) => d.at! >= new Date("2024-01-02T00:00:00Z") && d.at! < new Date("2024-01-02T20:00:00Z"))).objects(),
    ids(rows.filter((d) => d.day! < new Date("1970-01-02T00:00:00Z"))).objects(),
    ids(rows.filter((d) => d.late === true || d.wide! < 9)).objects(),
    ids(rows.filter((d) => d.text === "text 2" && d.late !== true)).objects(),
    ids(rows.filter((d) => d.nothing === "nothing 1")).objects(),
    rows.filter((d) => d.late === null).rollup({ rows: op.count() }).objects(),
  ];
}

export async function joined(path: string): Promise<unknown> {
  "use spmd";
  const rows = await read(path);
  const notes = rows.filter((d) => d.note !== null).groupby("note").rollup({ rows: op.count(), least: op.min("n") });
  return rows.join_left(notes, "note").select("id", "note", "rows", "least").orderby("id").objects();
}

export async function copied(path: string, out: string): Promise<void> {
  "use spmd";
  await (await read(path)).writeParquet(`${out}/all`);
  await (await read(path)).filter((d) => d.note !== null).select("id", "note", "mixed").writeParquet(`${out}/some`);
}

/** An append of rows that lack a column and add one. */
export async function appended(path: string, out: string): Promise<unknown> {
  "use spmd";
  const rows = await read(path);
  await rows.filter((d) => d.id < 50).select("id", "note", "n").writeParquet(out);
  await rows.filter((d) => d.id >= 50).derive({ twice: (d) => d.id * 2 }).select("twice", "id", "mixed").writeParquet(out, { mode: "append" });
  return 0;
}

export async function appendedRead(out: string): Promise<unknown> {
  "use spmd";
  const rows = await readParquet<{ id: number; note: string | null; n: number | null; twice: number | null; mixed: number | null }>(out);
  return [rows.orderby("id").objects(), rows.filter((d) => d.twice! > 150).orderby("id").objects(), rows.filter((d) => d.note === null && d.n !== null).orderby("id").objects()];
}

/** The interface says what a file lacks is never null. */
export async function neverNull(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ id: number; note: string; late: boolean }>(path)).select("id", "note", "late").objects();
}

/** Of two files, whose types have none in common. */
export async function different(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ id: number; it: number | null }>(path)).select("id", "it").objects();
}

/** The same, but nobody looks at it. */
export async function besides(path: string): Promise<unknown> {
  "use spmd";
  return (await readParquet<{ id: number }>(path)).select("id").objects();
}

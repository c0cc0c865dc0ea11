import { table } from "@lockstep/runtime";
import { measurements, stations } from "../open.ts";
import type { Tables } from "../data.ts";

export async function nullsAndNaN(tables: Tables) {
  "use spmd";
  const all = await measurements(tables);
  return [
    all.filter((d) => d.value !== null && d.value > 0).numRows(),
    all.filter((d) => d.value! < 0).numRows(),
    all.filter((d) => d.value === null).numRows(),
    all.filter((d) => Number.isNaN(d.value)).numRows(),
    all.filter((d) => d.value).numRows(),
    all.filter((d) => !d.value).numRows(),
    all.filter((d) => d.station === "st-07" || d.station === null).numRows(),
    all.filter((d) => (d.value ?? 1) >= 0).filter((d) => d.ok).numRows(),
    all.filter(() => true).numRows(),
    all.filter(() => false).numRows(),
  ];
}

export async function derivedSeesTheOldRow(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).select("id", "level");
  return rows.derive({ level: (d) => d.level + 1, twice: (d) => d.level * 2 }).derive({ thrice: (d) => d.level + d.twice }).objects();
}

export async function typesOfDerived(tables: Tables, out: string) {
  "use spmd";
  const rows = await measurements(tables);
  const derived = rows.derive({
    number: (d) => d.level / 2,
    text: (d) => `${d.id}`,
    flag: (d) => d.level > 0,
    when: (d) => new Date(d.at.getTime()),
    big: (d) => d.serial,
    copy: (d) => d.level,
    maybe: (d) => (d.level > 0 ? d.level : null),
    absent: (d) => (d.level > 0 ? undefined : d.label),
  });
  await derived.writeParquet(out);
  return derived.objects({ limit: 200 });
}

export async function filterAfterAll(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const high = rows.derive({ score: (d) => d.level * 3 - 1 }).filter((d) => d.score > 20 && d.id % 2 === 0);
  return high.select("id", "score", "label").objects();
}

export async function emptyInput(tables: Tables) {
  "use spmd";
  const none = (await measurements({ ...tables, measurements: tables.nothing })).derive({ x: (d) => d.level + 1 }).filter((d) => d.x > 0);
  return [none.numRows(), none.objects(), none.get("x"), none.orderby("x").slice(0, 3).numRows()];
}

export async function oneRow(tables: Tables) {
  "use spmd";
  const one = await measurements({ ...tables, measurements: tables.single });
  return [one.objects(), one.derive({ x: (d) => d.level + 1 }).get("x"), one.filter((d) => d.id !== 7).numRows()];
}

export async function literalTables(tables: Tables) {
  "use spmd";
  const days = table({ n: [1, null, NaN, -0, 2.5], s: ["a", "ß", null, "😀", ""], b: [true, null, false, true, false], t: [new Date(0), null, new Date(-1), new Date(1e12), new Date(951_782_400_000)] });
  const names: string[] = (await stations(tables)).slice(0, 2).objects().map((row) => row.name);
  const more = table({ name: names, i: [names.length, 2] });
  return [days.objects(), days.filter((d) => d.n !== null).numRows(), days.derive({ x: (d) => (d.n ?? 0) + 1 }).objects(), more.objects()];
}

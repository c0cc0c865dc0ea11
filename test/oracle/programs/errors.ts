import { readFileSync } from "node:fs";
import { op, readParquet, table } from "@lockstep/runtime";
import { measurements } from "../open.ts";
import type { Tables } from "../data.ts";
import { looked, readable, refuse } from "../words.ts";

export async function nullReceiver(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({ x: (d) => d.station!.toUpperCase() }).objects();
}

export async function nullProperty(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).filter((d) => d.station!.length > 3).numRows();
}

export async function badDate(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({ x: (d) => new Date(d.value! * 1e20).toISOString() }).objects();
}

export async function badCount(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({ x: (d) => d.label.repeat(1990 - d.id) }).select("id", "x").objects();
}

export async function badDigits(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).rollup({ x: op.max((d) => d.level.toFixed(1900 - d.id)) }).objects();
}

export async function noFraction(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({ x: (d) => BigInt(d.level % 1 + 0.5) }).select("x").objects();
}

export async function division(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({ x: (d) => d.serial / BigInt(d.level) }).select("x").objects();
}

/** Never seen, because the filter before removes the rows that would throw. */
export async function guarded(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).filter((d) => d.station !== null).filter((d) => d.station!.endsWith("1")).derive({ x: (d) => d.station!.trim() }).groupby("x").count().objects();
}

export async function thrownByProgram(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  if (rows.numRows() > 2000) throw new RangeError(`too many rows: ${rows.numRows()}`);
  return 0;
}

/** What an unset variable of the environment gives is not the working directory. */
export async function emptyPath(tables: Tables) {
  "use spmd";
  const path = tables.header.slice(0, 0);
  return (await readParquet<{ id: number }>(path)).numRows();
}

export async function typesOfNoColumn(tables: Tables) {
  "use spmd";
  const types = JSON.parse('{ "idd": "bigint" }') as Record<never, never>;
  return (await readParquet<{ id: number }>(tables.single, { types })).numRows();
}

/** What is caught is what was thrown, where V8 ran the row function, too. */
export async function caughtAsThrown(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const said: unknown[] = [];
  try {
    rows.derive({ x: (d) => "x".repeat(d.id < 1 ? -1 : 1) }).objects();
  } catch (error) {
    said.push([error instanceof RangeError, (error as Error).name, (error as Error).message, (error as { code?: string }).code]);
  }
  try {
    rows.derive({ x: (d) => readable(d.id) }).objects();
  } catch (error) {
    said.push([error instanceof TypeError, (error as Error).name, (error as Error).message, (error as { code?: string }).code]);
  }
  try {
    rows.filter((d) => JSON.parse(d.id === 3 ? "{" : "1") === 1).numRows();
  } catch (error) {
    said.push([error instanceof SyntaxError, (error as Error).name]);
  }
  return said;
}

/** Whatever it is, in V8's row functions, on rank 0 and in the program. */
export async function caughtThings(tables: Tables) {
  "use spmd";
  const rows = await measurements(tables);
  const said: unknown[] = [];
  for (const id of [0, 1, 2, 3, 4, 5, 6]) {
    try {
      await rows.filter((d) => d.id === id).derive({ x: (d): string => refuse(d.id) }).objects();
    } catch (error) {
      said.push(looked(error));
    }
    try {
      said.push(readFileSync(refuse(id + Math.floor(Math.random())), "utf8"));
    } catch (error) {
      said.push(looked(error));
    }
  }
  return said;
}

export async function thrownText(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({ x: (d): string => refuse(d.id === 4 ? 0 : 8) }).objects();
}

export async function thrownNull(tables: Tables) {
  "use spmd";
  if ((await measurements(tables)).numRows() > 2) throw null;
}

/** An error of rank 0 has its code on every rank. */
export async function fileOrDefault(tables: Tables) {
  "use spmd";
  let text: string;
  try {
    text = readFileSync(`${tables.header}.missing`, "utf8");
  } catch (error) {
    const { code } = error as { code?: string };
    if (code !== "ENOENT") throw error;
    text = "default";
  }
  return [text, (await readParquet<{ id: number }>(tables.single)).numRows()];
}

/** Whether or not the short column is read. */
export async function unevenTable(tables: Tables) {
  "use spmd";
  const ids = (await measurements(tables)).array("id");
  const fewer = ids.slice(1);
  return table<{ id: number[]; other: number[] }>({ id: ids, other: fewer }).select("id").numRows();
}

export async function bigintPastInt64() {
  "use spmd";
  return table({ k: [1n, 2n ** 63n] }).objects();
}

export async function bigintPastInt64InList() {
  "use spmd";
  return table({ k: [[1n], [2n, -(2n ** 63n) - 1n]] }).objects();
}

import { readCsv } from "@lockstep/runtime";

interface Row { a: number }

/** A row takes so many milliseconds, and only V8 can run it. */
function slowly(value: number): number {
  if (value > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, value);
  return value;
}

async function slow(path: string): Promise<number> {
  "use spmd";
  const rows = await readCsv<Row>(path);
  return rows.filter((d) => slowly(d.a) >= 0).numRows();
}

console.log("before");
console.log(`${await slow(process.argv[2]!)} rows`);

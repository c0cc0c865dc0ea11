/** Functions of the user's own, which no engine has: `udf QUESTION FILE OUT`, over db-benchmark's table of groups. */
import { op, readParquet } from "@lockstep/runtime";

interface Row { id1: string; id3: string; id4: number; v1: number; v2: number; v3: number }

/** Luhn's check digit of the digits of a text. */
function checkDigit(id: string): number {
  let sum = 0;
  for (let at = id.length - 1, twice = true; at >= 0; at--) {
    const digit = id.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) continue;
    const counted = twice ? 2 * digit : digit;
    sum += counted > 9 ? counted - 9 : counted;
    twice = !twice;
  }
  return (10 - (sum % 10)) % 10;
}

/** Steps of Collatz's sequence down to 1. */
function steps(from: number): number {
  let count = 0;
  for (let n = from; n > 1; count++) n = n % 2 === 0 ? n / 2 : 3 * n + 1;
  return count;
}

/** Instalments until a loan is paid back. */
function instalments(loan: number, rate: number, paid: number): number {
  let months = 0;
  for (let rest = loan * 100; rest > 0 && months < 600; months++) rest += (rest * rate) / 1200 - paid;
  return months;
}

/** Of a text, a loop over its characters. */
export async function text(file: string, out: string) {
  "use spmd";
  const rows = (await readParquet<Row>(file)).derive({ digit: (d) => checkDigit(d.id3) });
  await rows.groupby("digit").rollup({ n: op.count(), v3: op.sum("v3") }).writeParquet(out);
}

/** Of an integer of 100 values. */
export async function few(file: string, out: string) {
  "use spmd";
  const rows = (await readParquet<Row>(file)).derive({ steps: (d) => steps(d.id4) });
  await rows.groupby("id1").rollup({ steps: op.sum("steps") }).writeParquet(out);
}

/** Of three numbers, one of them a float of 100 million values. */
export async function numbers(file: string, out: string) {
  "use spmd";
  const rows = (await readParquet<Row>(file)).derive({ months: (d) => instalments(d.v3, d.v1, 60 * d.v2) });
  await rows.groupby("id1").rollup({ months: op.sum("months") }).writeParquet(out);
}

const questions = { text, few, numbers };
await questions[process.argv[2] as keyof typeof questions](process.argv[3]!, process.argv[4]!);

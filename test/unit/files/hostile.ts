/**
 * Reads Parquet files of which one byte was changed: `hostile.ts FOLDER COUNT SEED`. Each ends soon, in little memory, with rows or
 * with an error that names the file. A line of JSON says what did not; what is under way stands in FOLDER/now, should it never end.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LockstepError, readParquet } from "@lockstep/runtime";

const [folder, count, seed] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])];

let state = seed;
/** Below `limit`. */
function random(limit: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

interface Row { id: number; zone: string; miles: number; stops: number[]; o: object; ok: boolean }
const rowsOf = async (path: string): Promise<string> => JSON.stringify((await readParquet<Row>(path)).objects());

const changed = join(folder, "changed.parquet");
const wrong: string[] = [];
const ends = { same: 0, other: 0, refused: 0 };
const files = readdirSync(folder).filter((name) => name.endsWith(".parquet") && name !== "wide.parquet").sort();
for (const name of files) {
  const whole = readFileSync(join(folder, name));
  const right = await rowsOf(join(folder, name));
  for (let n = 0; n < count; n++) {
    const at = 4 + random(whole.length - 8);
    const value = [0xff, 0x7f, whole[at]! ^ 1, random(256)][random(4)]!;
    const bytes = Buffer.from(whole);
    bytes[at] = value;
    writeFileSync(changed, bytes);
    const what = `${name}: byte ${at} is ${value}`;
    writeFileSync(join(folder, "now"), what);
    const began = process.cpuUsage();
    try {
      ends[(await rowsOf(changed)) === right ? "same" : "other"]++;
    } catch (error) {
      ends.refused++;
      if (!(error instanceof LockstepError) || !/^LS20(02|04|05|15|18)$/.test(error.code) || !error.message.includes("changed.parquet")) wrong.push(`${what}: ${String((error as Error).stack)}`);
    }
    const { user, system } = process.cpuUsage(began);
    if (user + system > 2e6) wrong.push(`${what}: ${(user + system) / 1e6} s`);
  }
}
console.log(JSON.stringify({ files: files.length, ends, wrong, megabytes: process.resourceUsage().maxRSS / 1024 }));

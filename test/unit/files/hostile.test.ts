/** Damaged Parquet files in plain Node: bounded in time and memory. And decimals of more than 38 digits, as pyarrow reads what was written of them. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readParquet } from "@lockstep/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pythonWith } from "../../python.ts";
import { isLong } from "../../sample.ts";
import { root } from "../../scripts/lib.mjs";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "lockstep-hostile-"));
let python: string;
beforeAll(async () => {
  python = join(await pythonWith("pyiceberg"), "python");
  await run(python, [join(root, "test/unit/files/hostile.py"), folder]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("a file of which a byte was changed is read, or refused, soon and in little memory", { timeout: 1_200_000 }, async () => {
  const args = [join(root, "test/unit/files/hostile.ts"), folder, isLong ? "2000" : "50", "4711"];
  const { stdout } = await run(process.execPath, args, { timeout: 1_000_000 }).catch((error: unknown) => expect.fail(`${readFileSync(join(folder, "now"), "utf8")}: ${String(error)}`));
  const { files, ends, wrong, megabytes } = JSON.parse(stdout) as { files: number; ends: Record<"same" | "other" | "refused", number>; wrong: string[]; megabytes: number };
  expect(wrong).toEqual([]);
  expect(files).toBe(8);
  // Some bytes are nobody's, and most others are missed.
  expect(Math.min(ends.same, ends.other, ends.refused)).toBeGreaterThan(0);
  expect(megabytes).toBeLessThan(300);
});

it("decimals of more than 38 digits are written as wide as they are", async () => {
  const rows = await readParquet(join(folder, "wide.parquet"));
  await rows.writeParquet(join(folder, "written.parquet"), { single: true });
  const seen = async (name: string): Promise<string> => (await run(python, [join(root, "test/unit/files/hostile.py"), "read", join(folder, name)])).stdout;
  expect(await seen("written.parquet")).toBe("['x: decimal256(60, 2)'] {'x': [None, Decimal('1234567890123456789012345678901234567890.25'), Decimal('-3.50')]}\n");
});

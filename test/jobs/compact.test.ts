/** `lockstep iceberg compact`: on ranks, and what a dry run says. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readIceberg, table } from "@lockstep/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTable } from "../../runtime/src/connectors/iceberg/table.ts";
import { lockstep } from "./job-process.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lockstep-compact-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const compact = (...args: string[]) => lockstep(["iceberg", "compact", ...args], {}, folder).ended;

it("writes small files again, on ranks", async () => {
  const orders = join(folder, "orders");
  for (let load = 0; load < 6; load++) await table({ id: [load, load + 10], part: ["a", "b"] }).writeIceberg(orders, { partitionBy: ["part"] });
  const { files } = await openTable(orders, {});
  const dry = await compact("orders", "--dry-run");
  expect(dry).toMatchObject({ code: 0, stderr: expect.stringMatching(/orders: 12 files, 0\.0 MB, would become 2 or more\n/) });
  expect(dry.stdout.split("\n").filter((line) => line !== "").sort()).toEqual(files.map(({ path }) => path).sort());
  expect(await compact("orders", "-n", "2", "--min-files", "7")).toMatchObject({ code: 0, stdout: "", stderr: "orders: no files to be made fewer\n" });
  expect(await compact("orders", "-n", "2", "--target", "100MB")).toMatchObject({ code: 0, stdout: "", stderr: "orders: 12 files became 2\n" });
  expect((await openTable(orders, {})).files).toHaveLength(2);
  expect((await readIceberg<{ id: number }>(orders)).array("id").sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]);
  expect(await compact("nowhere", "-n", "2")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error LS2001: .*\n {2}fix: /) });
});

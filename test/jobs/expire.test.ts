/** `lockstep iceberg expire`: what it says, and that a dry run changes nothing. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readIceberg, table } from "@lockstep/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { lockstep } from "./job-process.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lockstep-expire-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const expire = (...args: string[]) => lockstep(["iceberg", "expire", ...args], {}, folder).ended;
const files = (): string[] => readdirSync(join(folder, "orders"), { recursive: true, encoding: "utf8" }).sort();

it("says what it does, and before what it would do", async () => {
  const orders = join(folder, "orders");
  for (const id of [1, 2, 3]) await table({ id: [id] }).writeIceberg(orders, { mode: "overwrite" });
  const before = files();
  expect(await expire("orders")).toMatchObject({ code: 0, stdout: "", stderr: `${orders}: 0 snapshots expired, 3 stay\n` });
  const dry = await expire("orders", "--older-than", "0m", "--dry-run");
  expect(dry).toMatchObject({ code: 0, stderr: expect.stringMatching(/orders: 2 snapshots would expire, 1 stays\n {2}would remove 2 data files, 3 manifests, 2 lists of manifests, 0\.0 MB\n/) });
  expect(files()).toEqual(before);
  expect(await expire("orders", "--older-than", "0m", "--keep", "2")).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("orders: 1 snapshot expired, 2 stay\n") });
  expect(await expire("orders", "--older-than", "0m")).toMatchObject({ code: 0, stderr: expect.stringContaining("orders: 1 snapshot expired, 1 stays\n  removed 1 data file, ") });
  const listed = dry.stdout.trim().split("\n");
  expect(listed).toHaveLength(7);
  expect(files().map((name) => join(orders, name)).filter((path) => listed.includes(path))).toEqual([]);
  expect((await readIceberg<{ id: number }>(orders)).array("id")).toEqual([3]);
  expect(await expire("nowhere")).toMatchObject({ code: 1, stderr: expect.stringContaining("LS2001") });
});

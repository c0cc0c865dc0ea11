/** `lockstep iceberg orphans`: what no snapshot names, and nothing else. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deleteIceberg, table } from "@lockstep/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { lockstep } from "./job-process.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lockstep-orphans-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const orphans = (...args: string[]) => lockstep(["iceberg", "orphans", ...args], {}, folder).ended;

it("lists old files that no snapshot names, of a crash and of others, and leaves them", async () => {
  const orders = join(folder, "orders");
  const rows = (...ids: number[]) => table({ id: ids });
  await rows(1, 2, 3).writeIceberg(orders);
  await rows(4).writeIceberg(orders);
  // Earlier snapshots still have the file that is replaced.
  await deleteIceberg<{ id: number }>(orders, (d) => d.id === 2);
  expect(await orphans("orders", "--older-than", "0m")).toMatchObject({ code: 0, stdout: "", stderr: "0 files, 0.0 MB, that no snapshot names\n" });
  const [data] = readdirSync(join(orders, "data"));
  const [part] = readdirSync(join(orders, "data", data!));
  mkdirSync(join(orders, "data/crashed"));
  const left = ["data/crashed/part-00000-00000.parquet", "metadata/snap-1-0-x.avro", "data/young.parquet"].map((name) => join(orders, name));
  copyFileSync(join(orders, "data", data!, part!), left[0]!);
  writeFileSync(left[1]!, "x");
  copyFileSync(left[0]!, left[2]!);
  const before = new Date(Date.now() - 8 * 86_400_000);
  for (const path of left.slice(0, 2)) utimesSync(path, before, before);
  expect(await orphans("orders")).toMatchObject({ code: 0, stdout: `${left[0]}\n${left[1]}\n`, stderr: expect.stringContaining("2 files") });
  expect(await orphans(orders, "--older-than", "0m")).toMatchObject({ code: 0, stdout: `${left[0]}\n${left[2]}\n${left[1]}\n` });
  expect(readdirSync(join(orders, "data/crashed"))).toHaveLength(1);
  expect(await orphans("nowhere")).toMatchObject({ code: 1, stderr: expect.stringContaining("LS2001") });
  expect(await orphans("orders", "--older-than", "soon")).toMatchObject({ stderr: expect.stringContaining("It is an age like 7d") });
});

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readCsv, readParquet, table } from "@lockstep/runtime";
import { root } from "../../scripts/lib.mjs";
import { errorOf, names, scratch } from "./helpers.ts";

const folder = scratch();
const t = table({ x: [1, 2] });

test("an output is a folder of part files, made with the folders above it", async () => {
  const out = join(folder, "deep/er/out");
  await t.writeParquet(out);
  expect(names(out)).toEqual(["part-00000.parquet"]);
  expect(names(join(folder, "deep/er"))).toEqual(["out"]);
});

test("an existing output is kept, unless it is to be overwritten", async () => {
  const out = join(folder, "exists");
  await t.writeParquet(out);
  const error = await errorOf(() => t.filter((d) => d.x > 1).writeParquet(out));
  expect([error.code, error.fix]).toEqual(["LS2007", 'Remove it, or write with `{ mode: "overwrite" }`.']);
  expect((await readParquet(out)).numRows()).toBe(2);
  await t.filter((d) => d.x > 1).writeParquet(out, { mode: "overwrite" });
  expect((await readParquet(out)).numRows()).toBe(1);
  await t.writeCsv(out, { mode: "overwrite" });
  expect(names(out)).toEqual(["part-00000.csv"]);
  expect(names(folder).filter((name) => name.startsWith("."))).toEqual([]);
});

test("what is added stands behind what was there, in folders of the same columns", async () => {
  const [out, folders, file] = [join(folder, "added"), join(folder, "added-folders"), join(folder, "one.csv")];
  await t.writeCsv(out, { mode: "append" });
  await t.derive({ x: (d) => d.x + 2 }).writeCsv(out, { mode: "append", fileRows: 1 });
  expect((await readCsv<{ x: number }>(out)).array("x")).toEqual([1, 2, 3, 4]);
  expect(names(out).map((name) => name.replace(/-\w{8}/, "-added"))).toEqual(["part-00000-added.csv", "part-00001-added.csv", "part-00001-added_00001.csv"]);
  const two = t.derive({ y: (d) => d.x % 2 });
  await two.writeCsv(folders, { partitionBy: ["y"] });
  for (const refused of [() => two.writeCsv(folders, { mode: "append" }), () => two.writeCsv(folders, { mode: "append", partitionBy: ["x"] }), () => two.writeCsv(out, { mode: "append", partitionBy: ["y"] })]) {
    expect((await errorOf(refused)).code).toBe("LS2016");
  }
  await t.writeCsv(file, { single: true });
  expect((await errorOf(() => t.writeCsv(file, { mode: "append" }))).code).toBe("LS2007");
  expect(names(folder).filter((name) => name.startsWith("."))).toEqual([]);
});

test("a table may be written over the files it was read from", async () => {
  const out = join(folder, "itself");
  await t.writeParquet(out);
  const read = await readParquet<{ x: number }>(out);
  await read.derive({ x: (d) => d.x * 10 }).writeParquet(out, { mode: "overwrite" });
  expect((await readParquet<{ x: number }>(out)).array("x")).toEqual([10, 20]);
});

test("an empty folder is no output; a folder of other things is never removed", async () => {
  mkdirSync(join(folder, "empty"));
  await t.writeParquet(join(folder, "empty"));
  expect(names(join(folder, "empty"))).toEqual(["part-00000.parquet"]);
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), "{}");
  const error = await errorOf(() => t.writeParquet(project, { mode: "overwrite" }));
  expect([error.code, error.message.includes("package.json")]).toEqual(["LS2007", true]);
  expect(names(project)).toEqual(["package.json"]);
});

test("nothing is left of a write that fails", async () => {
  const out = join(folder, "fails");
  const error = await errorOf(() => t.writeParquet(out, { types: { x: "string" } }));
  expect(error.code).toBe("LS2015");
  expect(existsSync(out)).toBe(false);
  writeFileSync(join(folder, "file"), "");
  const below = await errorOf(() => t.writeParquet(join(folder, "file/out")));
  expect([below.code, below.message]).toEqual(["LS2008", `cannot write ${join(folder, "file/out")}: not a directory`]);
  expect(names(folder).filter((name) => name.startsWith("."))).toEqual([]);
});

test.skipIf(process.getuid?.() === 0)("an unwritable folder is named", async () => {
  const closed = join(folder, "closed");
  mkdirSync(closed);
  chmodSync(closed, 0o500);
  expect((await errorOf(() => t.writeParquet(join(closed, "out")))).message).toContain("permission denied");
});

test.each(["process.exit(3)", "throw new Error('ends')"])("nothing is left of a write during which the process ends: %s", (end) => {
  const place = join(folder, `ends-${end.length}`);
  mkdirSync(place);
  // It ends when the hidden folder appears.
  const code = `import { watch } from "node:fs";
    import { table } from "@lockstep/runtime";
    const rows = table({ x: Array.from({ length: 200_000 }, (_, i) => i) });
    watch(${JSON.stringify(place)}, () => { ${end}; });
    await rows.writeParquet(${JSON.stringify(join(place, "out"))});`;
  expect(spawnSync(process.execPath, ["--input-type=module", "-e", code], { cwd: root })).toMatchObject({ status: end.includes("3") ? 3 : 1 });
  expect(names(place).filter((name) => name !== "out")).toEqual([]);
});

test("folders are not named by a column without a name", async () => {
  const error = await errorOf(() => table({ "": [1], y: [2] }).writeCsv(join(folder, "unnamed"), { partitionBy: [""] }));
  expect([error.code, error.message]).toEqual(["LS2016", "writeCsv: partitionBy: a column without a name cannot name folders"]);
});

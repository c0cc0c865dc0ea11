// What becomes of each path that it is given: `read=…`, `write=…`, `overwrite=…`, a line each.
import { symlinkSync } from "node:fs";
import { readCsv, readJsonLines, table } from "@lockstep/runtime";

interface Row {
  a: number;
  b: string;
}

async function read(path: string | URL) {
  "use spmd";
  return (await readCsv<Row>(path)).objects();
}

async function lines(path: string | URL) {
  "use spmd";
  return (await readJsonLines<Row>(path)).objects();
}

async function putLines(path: string | URL) {
  "use spmd";
  await table({ a: [1, 2], b: ["x", "y"] }).filter((d) => d.a > 1).writeJsonLines(path, { mode: "overwrite" });
  return (await readJsonLines<Row>(path)).objects();
}

async function write(path: string | URL, overwrite: boolean) {
  "use spmd";
  await table({ a: [1, 2], b: ["x", "y"] }).filter((d) => d.a > 0).writeCsv(path, { mode: overwrite ? "overwrite" : "create" });
  return "written";
}

/** The second lies in the first, or the first in the second. */
async function both(one: string, two: string, overwrite: boolean) {
  "use spmd";
  const t = table({ a: [1, 2], b: ["x", "y"] });
  await t.writeCsv(one, { mode: overwrite ? "overwrite" : "create" });
  await t.writeParquet(two, { mode: overwrite ? "overwrite" : "create" });
  return "written";
}

/** What was written through a link is read through it in the same call. */
async function again(path: string) {
  "use spmd";
  await table({ a: [3], b: ["z"] }).writeCsv(path, { mode: "overwrite" });
  return (await readCsv<Row>(path)).objects();
}

symlinkSync("to-be", "dangling");
symlinkSync("data", "link");
symlinkSync("loop", "loop");
for (const [index, one] of process.argv.slice(2).entries()) {
  const [action = "", given = ""] = one.split("=");
  const text = given.replace("LONG", "x".repeat(300)).replace("NUL", "a\0b");
  const path = text.startsWith("url:") ? new URL(text.slice(4), `file://${process.cwd()}/`) : text;
  try {
    const done =
      action === "read" ? await read(path)
      : action === "lines" ? await lines(path)
      : action === "putLines" ? await putLines(path)
      : action === "nested" ? await both(`n${index}/x`, `n${index}/x/y`, given === "overwrite")
      : action === "around" ? await both(`n${index}/x/y`, `n${index}/x`, given === "overwrite")
      : action === "again" ? await again(text)
      : await write(path, action === "overwrite");
    console.log(one, JSON.stringify(done));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    console.log(one, `${code}: ${message}`.replaceAll(process.cwd(), ".").replace(/x{300}/g, "LONG").replace(/\n? +/g, " "));
  }
}

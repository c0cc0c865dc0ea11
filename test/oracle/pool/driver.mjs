// Rank 0 of a pool: one request a line on stdin, one answer a line on stdout. Values travel as V8 serialises them,
// so that Dates, bigints and NaN arrive as they are.
import { createInterface } from "node:readline";
import { deserialize, serialize } from "node:v8";
import { Table } from "@lockstep/runtime";
import { call } from "@lockstep/runtime/spmd";
import { load } from "./pool.spmd.mjs";

for await (const line of createInterface({ input: process.stdin })) {
  // Not every launcher passes on the end of its input.
  if (line === "end") process.exit();
  const { chunk, id, args, module, name, cwd } = deserialize(Buffer.from(line, "base64"));
  const before = process.cwd();
  let answer;
  try {
    await call(load, [chunk]);
    if (cwd) process.chdir(cwd);
    const value = await (module ? (await import(module))[name](...args) : call({ id }, args));
    answer = { value: value instanceof Table ? value.objects() : value };
  } catch (error) {
    answer = { error: { name: error?.name, code: error?.code, message: String(error?.message ?? error), site: error?.site, fix: error?.fix } };
  }
  process.chdir(before);
  process.stdout.write(`answer ${serialize(answer).toString("base64")}\n`);
}

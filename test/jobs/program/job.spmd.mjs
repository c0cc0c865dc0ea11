// Annotated functions in the form the compiler emits, with what no compiler lets through: a rank that does otherwise.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as lockstep from "@lockstep/runtime/spmd";

const site = "program/job.ts:1:1";
const columns = [{ name: "n", type: "number", nullable: false }];
const rankOf = async () => (await globalThis[Symbol.for("lockstep.world")].world).rank;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export const write = lockstep.define("job#write", async (_captures, out, values) => {
  const t = lockstep.table({ n: values }, { site, columns, declared: columns });
  await t.writeParquet(out, { mode: "overwrite" }, { site, ordered: true });
  console.log("written");
  return t.numRows({ site });
});

/** Stages an output, leaves each rank's process id in `folder`, and stays for a while. */
export const linger = lockstep.define("job#linger", async (_captures, folder, ms) => {
  const t = lockstep.table({ n: [1, 2, 3] }, { site, columns, declared: columns });
  await t.writeParquet(join(folder, "out"), {}, { site, ordered: true });
  writeFileSync(join(folder, `rank-${await rankOf()}`), String(process.pid));
  await sleep(ms);
});

/** One rank works on for itself while the others wait for it in a collective. */
export const straggle = lockstep.define("job#straggle", async (_captures, folder, ms) => {
  writeFileSync(join(folder, `rank-${await rankOf()}`), String(process.pid));
  if ((await rankOf()) === 1) await sleep(ms);
  const t = lockstep.table({ n: [1, 2, 3] }, { site, columns, declared: columns });
  await t.writeParquet(join(folder, "out"), {}, { site, ordered: true });
});

export const fail = lockstep.define("job#fail", async (_captures, where) => {
  if (where === "all" || (await rankOf()) === Number(where)) throw new RangeError(`failed on ${where}`);
  const t = lockstep.table({ n: [1, 2, 3] }, { site, columns, declared: columns });
  return (await t.objects({}, { site, columns })).length;
});

/** One rank throws while the others begin to write. */
export const stumble = lockstep.define("job#stumble", async (_captures, folder) => {
  if ((await rankOf()) === 1) throw new RangeError("stumbled");
  const t = lockstep.table({ n: [1, 2, 3] }, { site, columns, declared: columns });
  await t.writeParquet(join(folder, "out"), {}, { site, ordered: true });
});

/** What the compiler refuses: a condition that differs between ranks guards a collective. */
export const diverge = lockstep.define("job#diverge", async (_captures, how) => {
  const t = lockstep.table({ n: [1, 2, 3] }, { site, columns, declared: columns });
  if ((await rankOf()) === 1) {
    if (how === "leaves") return 0;
    if (how === "collects") return (await t.objects({}, { site: "program/job.ts:2:1", columns })).length;
    return (await t.slice(0, 1, { site: "program/job.ts:3:1" }).filter({ site, predicate: { kind: "literal", type: "boolean", value: true } }).get("n", 0, { site, type: "number" }));
  }
  return (await t.filter({ site, predicate: { kind: "literal", type: "boolean", value: true } }).objects({}, { site, columns })).length;
});

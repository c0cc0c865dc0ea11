/**
 * A process that is killed at a step of what it does to a table: `crash.ts STEP MODE FOLDER FROM TO`. The step is a change of the file system, counted
 * from 0; it is not done any more. Prints how many there were, where it lives.
 */
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import type { Mode } from "./killed.ts";

const [step, mode, folder, from, to] = process.argv.slice(2) as [string, Mode, string, string, string];
let steps = 0;
for (const name of ["open", "link", "rename", "mkdir", "rm"] as const) {
  const original = fs[name] as (...args: unknown[]) => Promise<unknown>;
  Object.assign(fs, {
    [name]: (...args: unknown[]) => {
      const reads = name === "open" && args[1] !== "wx";
      if (!reads && steps++ === Number(step)) process.kill(process.pid, "SIGKILL");
      return original(...args);
    },
  });
}
syncBuiltinESMExports();
const { expireSnapshots } = await import("../../runtime/src/connectors/iceberg/expire.ts");
const jobs = await import("./programs/write.ts");
if (mode === "expired") await expireSnapshots(folder, {}, { age: 0 }, false);
else if (mode === "compacted") await (await import("@lockstep/runtime")).compactIceberg(folder);
else await jobs[mode](folder, Number(from), Number(to));
console.log(steps);

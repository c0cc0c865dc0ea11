/** `npm run snap -- [-p PATTERN] [-u] [-d] [--watch]`: fixtures against expected.md; -u writes them, -d prints every stage. */
import { parseArgs } from "node:util";
import { runRound } from "./round.ts";
import { watch } from "./watch.ts";

const { values } = parseArgs({
  options: { pattern: { type: "string", short: "p" }, update: { type: "boolean", short: "u" }, debug: { type: "boolean", short: "d" }, watch: { type: "boolean", short: "w" } },
});
if (values.watch) watch(values);
else {
  const { run, different } = runRound(values);
  if (run.length === 0) console.log(`no fixture's name has '${values.pattern}' in it`);
  if (different.length > 0 && !values.update) console.log("Write it with -u, and look at the difference with git.");
  if (run.length === 0 || (different.length > 0 && !values.update)) process.exitCode = 1;
}

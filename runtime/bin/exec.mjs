#!/usr/bin/env node
// One rank process: `node exec.mjs dist/job.mjs …`. Launchers start it; it needs no command line parser.
import "./prepare.mjs";

const { runRank } = await import("../dist/launch/rank.js");
const { printError } = await import("../dist/cli/print-error.js");
const [entry, ...args] = process.argv.slice(2);
await runRank(entry, args).catch((error) => {
  printError(error);
  process.exit(1);
});

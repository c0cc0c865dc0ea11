import { Command } from "commander";
import { programArguments } from "./arguments.ts";

/** `lockstep exec dist/job.mjs`: what a cluster launcher starts once per rank. */
export function execCommand(): Command {
  return new Command("exec")
    .description("be one rank of a job that a launcher started")
    .argument("<bundle>", "the built program, e.g. dist/job.mjs")
    .argument("[arguments...]", "what the program finds in process.argv")
    .passThroughOptions()
    .action(async (bundle: string, args: string[]) => {
      const { runRank } = await import("../launch/rank.ts");
      await runRank(bundle, programArguments(args));
    });
}

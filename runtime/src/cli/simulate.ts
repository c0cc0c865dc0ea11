import { type Command, Option } from "commander";
import { bandwidth, duration, programCommand, sampleSize, wholeNumber } from "./arguments.ts";

interface SimulateOptions {
  ranks: number;
  perMachine: number;
  sample: number | null;
  bandwidth: number;
  latency: number;
  json?: boolean;
}

/** `lockstep simulate dist/job.mjs -n 10000 -- arguments` */
export function simulateCommand(): Command {
  return programCommand("simulate")
    .description("run a built program on 2, 4 and 8 ranks of this machine and say what it would take on many; what it writes is thrown away")
    .requiredOption("-n, --ranks <count>", "ranks, each on a core of its own", wholeNumber)
    .option("--per-machine <count>", "ranks that share a machine", wholeNumber, 64)
    .addOption(new Option("--sample <rows>", "rows that are read of inputs of files that have more, or all").argParser(sampleSize).default(null, "all"))
    .addOption(new Option("--bandwidth <size>", "bytes a second that a rank sends and receives").argParser(bandwidth).default(125e6, "125MB/s"))
    .addOption(new Option("--latency <time>", "what a message takes").argParser(duration).default(50e-6, "50us"))
    .option("--json", "one object")
    .action(async (bundle: string, args: string[], { perMachine, ...options }: SimulateOptions) => {
      const { simulate } = await import("../launch/simulate.ts");
      await simulate(bundle, args, { ...options, local: perMachine });
    });
}

import type { Command } from "commander";
import { price, programCommand, rankCounts, sampleSize } from "./arguments.ts";

interface ScaleOptions {
  ranks?: readonly number[];
  sample: number | null;
  price?: number;
  json?: boolean;
}

/** `lockstep scale dist/job.mjs -- arguments` */
export function scaleCommand(): Command {
  return programCommand("scale")
    .description("run a built program on 1, 2, 4, 8 ranks of this machine and say what each takes; what it writes is thrown away")
    .option("-n, --ranks <counts>", "counts of ranks, with commas (default: 1,2,4,8)", rankCounts)
    .option("--sample <rows>", "rows that are read of inputs of files that have more, or all", sampleSize, 1_000_000)
    .option("--price <amount>", "what an hour of a core costs, in any currency", price)
    .option("--json", "an object a line")
    .action(async (bundle: string, args: string[], options: ScaleOptions) => {
      const { scale } = await import("../launch/scale.ts");
      await scale(bundle, args, { ...options, ranks: options.ranks ?? [1, 2, 4, 8] });
    });
}

import { Command } from "commander";

/** `lockstep doctor` */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("print what this machine gives a job, and what is missing")
    .action(async () => {
      const { examine } = await import("../launch/examine.ts");
      const { lines, healthy } = await examine();
      process.stdout.write(`${lines.join("\n")}\n`);
      if (!healthy) process.exitCode = 1;
    });
}

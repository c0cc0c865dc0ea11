import { Command } from "commander";
import { endOnLostOutput } from "../launch/ending.ts";
import { version } from "../version.ts";
import { doctorCommand } from "./doctor.ts";
import { execCommand } from "./exec.ts";
import { explainCommand } from "./explain.ts";
import { icebergCommand } from "./iceberg.ts";
import { playgroundCommand } from "./playground.ts";
import { printError } from "./print-error.ts";
import { runCommand } from "./run.ts";
import { scaleCommand } from "./scale.ts";
import { schemaCommand } from "./schema.ts";
import { simulateCommand } from "./simulate.ts";

/** The `lockstep` program; a command is a file and a line here. */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command("lockstep")
    .description("Runs and explains programs whose functions say \"use spmd\".")
    .version(version)
    .enablePositionalOptions()
    .addCommand(runCommand())
    .addCommand(execCommand())
    .addCommand(scaleCommand())
    .addCommand(simulateCommand())
    .addCommand(explainCommand())
    .addCommand(playgroundCommand())
    .addCommand(schemaCommand())
    .addCommand(icebergCommand())
    .addCommand(doctorCommand());
  endOnLostOutput();
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    printError(error);
    process.exitCode = 1;
  }
}

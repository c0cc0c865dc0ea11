import { Command } from "commander";

/** `lockstep explain dist/job.mjs` */
export function explainCommand(): Command {
  return new Command("explain")
    .description("print what the compiler decided about each annotated function")
    .argument("[bundle]", "a built program or its folder", "dist")
    .argument("[function]", "only this function")
    .action(async (bundle: string, name: string | undefined) => {
      const { explain } = await import("../observe/explain.ts");
      process.stdout.write(`${explain(bundle, name)}\n`);
    });
}

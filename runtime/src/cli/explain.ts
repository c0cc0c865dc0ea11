import { Command } from "commander";

/** `lockstep explain dist/job.mjs`, `lockstep explain LS1101` */
export function explainCommand(): Command {
  return new Command("explain")
    .description("print what the compiler decided about each annotated function, or what a diagnostic means")
    .argument("[bundle]", "a built program or its folder, or a code like LS1101", "dist")
    .argument("[function]", "only this function")
    .action(async (bundle: string, name: string | undefined) => {
      if (/^LS\d{4}$/i.test(bundle)) {
        const { explainCode } = await import("../observe/explain-code.ts");
        process.stdout.write(`${explainCode(bundle.toUpperCase(), process.cwd())}\n`);
        return;
      }
      const { explain } = await import("../observe/explain.ts");
      process.stdout.write(`${explain(bundle, name)}\n`);
    });
}

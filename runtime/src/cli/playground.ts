import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { LockstepError } from "../errors/index.ts";
import { wholeNumber } from "./arguments.ts";

interface PlaygroundServer {
  servePlayground(options: { file: string | undefined; port: number }): Promise<{ address: string; close(): Promise<void> }>;
}

/** `lockstep playground src/job.ts` */
export function playgroundCommand(): Command {
  return new Command("playground")
    .description("show in the browser what the compiler makes of a program, while you edit it, and run it on ranks of this machine")
    .argument("[file]", "a source file (default: the project's first that says \"use spmd\")")
    .option("--port <number>", "port on the loopback (default: any free one)", wholeNumber)
    .action(async (file: string | undefined, { port = 0 }: { port?: number }) => {
      const { servePlayground } = await load();
      const { address, close } = await servePlayground({ file, port });
      process.stdout.write(`Lockstep playground: ${address}\n`);
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void close().then(() => process.exit(0)));
    });
}

/** The project's own, else the one beside this package. */
async function load(): Promise<PlaygroundServer> {
  for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
    let path: string;
    try {
      path = createRequire(from).resolve("@lockstep/playground/server");
    } catch {
      continue;
    }
    return (await import(pathToFileURL(path).href)) as PlaygroundServer;
  }
  throw new LockstepError({ code: "LS2022", message: "the playground is a package of its own, which this project does not have", fix: "npm install --save-dev @lockstep/playground" });
}

/** The process of a build: Vite with the plugin, as the program's project would have it. */
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import lockstep from "@lockstep/plugin-vite";
import { build } from "vite";
import type { BuildRequest, Built } from "./build.ts";

process.once("message", (request: BuildRequest) => void built(request).then((answer) => process.send!(answer)));

async function built({ workspace, entry, options }: BuildRequest): Promise<Built> {
  const said: string[] = [];
  const listen = (message: string) => void said.push(message);
  const name = entry.replace(/^.*\//, "").replace(/\.[^.]+$/, "");
  try {
    await build({
      root: workspace,
      configFile: false,
      customLogger: { info: listen, warn: listen, warnOnce: listen, error: listen, clearScreen: () => undefined, hasErrorLogged: () => false, hasWarned: false },
      plugins: [lockstep({ ...options, root: join(workspace, options.root ?? "") })],
      build: { ssr: entry, outDir: join(workspace, "dist"), minify: false, reportCompressedSize: false },
    });
    // Vite's own list of files is of no interest.
    return { program: join(workspace, "dist", `${name}.mjs`), said: said.filter((line) => line.startsWith("lockstep ")).join("\n") };
  } catch (error) {
    // Without colours, which are a terminal's.
    return { wrong: stripVTControlCharacters((error as Error).message) };
  }
}

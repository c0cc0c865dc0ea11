/** Builds a run's program as its project would: Vite with the plugin. */
import { join } from "node:path";
import lockstep from "@lockstep/plugin-vite";
import { build } from "vite";

export interface BuildOptions {
  readonly root?: string;
  readonly strict?: boolean;
  readonly native?: "external" | "copy";
  readonly report?: boolean;
}

export interface Built {
  readonly program: string;
  /** The plugin's line, where it reports. */
  readonly said: string;
}

export async function buildProgram(workspace: string, entry: string, options: BuildOptions): Promise<Built> {
  const said: string[] = [];
  const listen = (message: string) => void said.push(message);
  const name = entry.replace(/^.*\//, "").replace(/\.[^.]+$/, "");
  await build({
    root: workspace,
    configFile: false,
    customLogger: { info: listen, warn: listen, warnOnce: listen, error: listen, clearScreen: () => undefined, hasErrorLogged: () => false, hasWarned: false },
    plugins: [lockstep({ ...options, root: join(workspace, options.root ?? "") })],
    build: { ssr: entry, outDir: join(workspace, "dist"), minify: false, reportCompressedSize: false },
  });
  return { program: join(workspace, "dist", `${name}.mjs`), said: said.filter((line) => line.includes("lockstep")).join("\n") };
}

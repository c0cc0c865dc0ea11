import { join } from "node:path";
import lockstepPlugin from "@lockstep/plugin-vite/esbuild";
import { build } from "esbuild";
import { root } from "../scripts/lib.mjs";

/** A program of `programs/`, built into `folder`, which lies in the checkout so that the bundle finds the runtime; its path. */
export async function bundled(program: string, folder: string): Promise<string> {
  await build({
    entryPoints: [join(root, `test/bench/programs/${program}.ts`)], outdir: folder, outExtension: { ".js": ".mjs" },
    bundle: true, format: "esm", platform: "node", packages: "external", logLevel: "error", plugins: [lockstepPlugin({ report: false })],
  });
  return join(folder, `${program}.mjs`);
}

/** Builds annotated modules as a user would, with esbuild and our plugin, and finds their functions in the manifest. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import lockstep from "@lockstep/plugin-vite/esbuild";
import { build } from "esbuild";
import { root } from "../scripts/lib.mjs";

export interface Program {
  /** `test/oracle/programs/x.ts#name` */
  readonly id: string;
  /** URL of the rank chunk that defines it. */
  readonly chunk: string;
  /** URL of the built module that calls it. */
  readonly module: string;
}

interface Manifest {
  readonly chunks: Readonly<Record<string, unknown>>;
  readonly functions: readonly { readonly id: string }[];
}

/** All annotated functions of `files`, built into `folder`. */
export async function buildPrograms(files: readonly string[], folder: string): Promise<Program[]> {
  await build({
    entryPoints: [...files],
    outdir: folder,
    outbase: root,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    logLevel: "error",
    plugins: [lockstep({ root, report: false })],
  });
  const manifest = JSON.parse(readFileSync(join(folder, "lockstep.manifest.json"), "utf8")) as Manifest;
  return manifest.functions.map(({ id }) => {
    const file = id.slice(0, id.indexOf("#")).replace(/\.[cm]?ts$/, "");
    const chunk = Object.keys(manifest.chunks).find((name) => name.startsWith(`${file}.`));
    if (chunk === undefined) throw new Error(`no rank chunk for ${id} among ${Object.keys(manifest.chunks).join(", ")}`);
    return { id, chunk: pathToFileURL(join(folder, chunk)).href, module: pathToFileURL(join(folder, `${file}.mjs`)).href };
  });
}

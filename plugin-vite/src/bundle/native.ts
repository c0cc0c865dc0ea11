import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A file to put beside the bundle. */
export interface Asset {
  readonly name: string;
  readonly content: Uint8Array;
}

/** The addon for this platform, found as the bundle would find it; an error names what is missing. */
export function nativeAddon(root: string): Asset {
  const loader = dirname(realpathSync(createRequire(join(root, "_")).resolve("@lockstep/native/package.json")));
  const wanted = `lockstep.${process.platform}-${process.arch}`;
  const name = existsSync(loader) ? readdirSync(loader).find((file) => file.startsWith(wanted) && file.endsWith(".node")) : undefined;
  if (name === undefined) throw new Error(`native: "copy" finds no ${wanted}.node in ${loader}; build it (npm run build:native) or install it for this platform`);
  return { name, content: readFileSync(join(loader, name)) };
}

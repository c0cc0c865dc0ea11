import { LockstepError } from "../errors/index.ts";
import { findBundle, manifestName } from "../launch/manifest.ts";
import { join } from "node:path";

/** The report on a bundle's annotated functions, from its manifest alone. */
export function explain(path: string, only?: string): string {
  const bundle = findBundle(join(path, "_")) ?? findBundle(path);
  if (!bundle) throw new LockstepError({ code: "LS2001", message: `no ${manifestName} at ${path}`, fix: "Build the program with a Lockstep plugin first." });
  void only;
  return JSON.stringify(bundle.manifest, null, 2);
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { LockstepError } from "../errors/index.ts";
import type { Native } from "../spmd/engine.ts";
import type { Bundle } from "./manifest.ts";

/** Names the addon beside the bundle, where the build put one there. */
export function shipNative(bundle: Bundle | undefined): void {
  const shipped = bundle && join(bundle.directory, `lockstep.${process.platform}-${process.arch}.node`);
  if (shipped && existsSync(shipped)) process.env.LOCKSTEP_NATIVE ??= shipped;
}

/** The addon, loaded when a rank starts and not before: the one beside the bundle, where the build put one there. */
export async function loadNative(bundle?: Bundle): Promise<Native> {
  shipNative(bundle);
  try {
    return await import("@lockstep/native");
  } catch (error) {
    throw new LockstepError({
      code: "LS2015",
      message: `the native engine does not load\n${error instanceof Error ? error.message : String(error)}`,
      fix: "Build or install it for this platform; `lockstep doctor` checks it. Without the plugin the program needs no engine.",
      cause: error,
    });
  }
}

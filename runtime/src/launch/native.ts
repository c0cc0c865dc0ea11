import { LockstepError } from "../errors/index.ts";
import type { Native } from "../spmd/engine.ts";

/** The addon, loaded when a rank starts and not before. */
export async function loadNative(): Promise<Native> {
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

import type { Native } from "../spmd/engine.ts";

/** The addon, loaded when a rank starts and not before. */
export async function loadNative(): Promise<Native> {
  const name: string = "@lockstep/native";
  return (await import(name)) as Native;
}

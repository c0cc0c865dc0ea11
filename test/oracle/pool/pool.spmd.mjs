// What every rank of a pool can do: load the rank chunk of a program when it is asked for.
import { define } from "@lockstep/runtime/spmd";

export const load = define("oracle#load", async (_captures, url) => {
  await import(url);
});
/** Answers the question whether all ranks are still in step. */
export const ping = define("oracle#ping", async (_captures, value) => value);

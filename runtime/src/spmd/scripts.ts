import { currentCall } from "./context.ts";

/** A row function that has no native form. */
export type ScriptFunction = (row: Record<string, unknown>) => unknown;

/** The number by which the plans of the current call refer to a row function. */
export function script(row: ScriptFunction): number {
  return currentCall().scripts.push(row) - 1;
}

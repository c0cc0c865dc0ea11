import { LockstepError } from "../errors/index.ts";
import { markAgreed } from "./checked.ts";

/**
 * JSON for the engine, whose texts are UTF-8. LS2015 of a text with half of a surrogate pair: captured by a row function, or a column's
 * name. Every rank has the same.
 */
export function engineText(value: unknown): string {
  const text = JSON.stringify(value);
  // JSON has halves as escapes; a text may look like one.
  if (/\\ud[89a-f]/.test(text)) JSON.parse(text, refuseHalves);
  return text;
}

function refuseHalves(key: string, value: unknown): unknown {
  const half = [key, value].find((part) => typeof part === "string" && !part.isWellFormed());
  if (half === undefined) return value;
  throw markAgreed(new LockstepError({
    code: "LS2015",
    message: `${JSON.stringify(half)} holds half of a surrogate pair, which neither columns and their names have nor what is compared with them`,
    fix: "Cut texts between characters, [...text].slice(0, n).join(\"\"), or make them whole with text.toWellFormed().",
  }));
}

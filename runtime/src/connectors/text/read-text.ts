import { constants } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { LockstepError } from "../../errors/index.ts";
import { orUnreadable, type InputFile } from "../paths.ts";
import { foreign } from "./foreign.ts";

/** The text of a file; bytes that are no UTF-8 are U+FFFD, a byte order mark stays. LS2015 where a string cannot hold it, LS2018. */
export function readText({ name, path, release }: InputFile, format: string): string {
  if (statSync(path).size > constants.MAX_STRING_LENGTH) {
    release();
    throw new LockstepError({ code: "LS2015", message: `${name} is too large for plain Node (512 MB)`, fix: "Split the file, or run the built program." });
  }
  const bytes = orUnreadable(name, () => readFileSync(path));
  release();
  const what = foreign(bytes);
  if (what !== undefined) throw anotherFormat(name, format, what);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** LS2018; `what` says what to do. */
export function anotherFormat(name: string, format: string, what: string): LockstepError {
  return new LockstepError({ code: "LS2018", message: `${name} is no ${format} file; ${what}` });
}

import { LockstepError } from "../../errors/index.ts";

/** LS2006 with file, line and reason. */
export function badLine(file: string, line: number, reason: string): LockstepError {
  return new LockstepError({ code: "LS2006", message: `${file}, line ${line}: ${reason}` });
}

/** LS2006: a value that its column's type cannot hold; `described` is what it should have been. */
export function badValue(file: string, line: number, column: string, text: string, described: string): LockstepError {
  return badLine(file, line, `column ${column} has "${shown(text)}", which is not ${described}`);
}

/** LS2004 */
export function lostDigits(file: string, line: number, column: string, text: string): LockstepError {
  return new LockstepError({ code: "LS2004", message: `${file}, line ${line}: column ${column} has "${shown(text)}", an integer past ±2^53 that a number cannot hold exactly` });
}

const shown = (text: string): string => ([...text.slice(0, 200)].length > 60 ? `${[...text.slice(0, 200)].slice(0, 60).join("")}…` : text);

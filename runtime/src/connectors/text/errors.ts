import { LockstepError } from "../../errors/index.ts";

/** What is wrong with a line. Its error is made where it ends the read: lines that are left out need none. */
export interface WrongLine {
  readonly code: "LS2004" | "LS2006";
  readonly reason: string;
}

/** The error, with file and line in front. */
export const wrongLine = (file: string, line: number, { code, reason }: WrongLine): LockstepError => new LockstepError({ code, message: `${file}, line ${line}: ${reason}` });

/** LS2006 with file, line and reason. */
export const badLine = (file: string, line: number, reason: string): LockstepError => wrongLine(file, line, { code: "LS2006", reason });

/** LS2006: a value that its column's type cannot hold; `described` is what it should have been. */
export const badValue = (column: string, text: string, described: string): WrongLine => ({ code: "LS2006", reason: `column ${column} has "${shown(text)}", which is not ${described}` });

/** LS2004 */
export const lostDigits = (column: string, text: string): WrongLine => ({ code: "LS2004", reason: `column ${column} has "${shown(text)}", an integer past ±2^53 that a number cannot hold exactly` });

const shown = (text: string): string => ([...text.slice(0, 200)].length > 60 ? `${[...text.slice(0, 200)].slice(0, 60).join("")}…` : text);

import { asKey, openAs } from "../../errors/fixes.ts";
import { LockstepError } from "../../errors/index.ts";

/** What is wrong with a line. Its error is made where it ends the read: lines that are left out need none. */
export interface WrongLine {
  readonly code: "LS2004" | "LS2006";
  readonly reason: string;
  readonly fix?: string;
}

/** The error, with file and line in front. */
export const wrongLine = (file: string, line: number, { code, reason, fix }: WrongLine): LockstepError => new LockstepError({ code, message: `${file}, line ${line}: ${reason}`, fix });

/** LS2006 with file, line and reason. */
export const badLine = (file: string, line: number, reason: string, fix?: string): LockstepError => wrongLine(file, line, { code: "LS2006", reason, ...(fix !== undefined && { fix }) });

/** Why a line is no row that has bytes of another encoding. */
export const notUtf8 = "the line is not UTF-8";

export const asUtf8 = 'Write the file as UTF-8: iconv -f LATIN1 -t UTF-8 (WINDOWS-1252 for what comes from Windows). A few such lines are left out with `onBadRow: "skip"`.';

/** For lines that are no rows. */
export const orSkip = 'Mend the line, or leave such lines out: `onBadRow: "skip"`.';

/** For a value of CSV that its column cannot hold. */
export const readAsText = (column: string): string => `Mend the value, or read the column as text and parse it in derive: \`types: { ${asKey(column)}: "string" }\` and \`${asKey(column)}: string\` in the interface. Where it stands for no value, \`nulls: ["NA", ""]\` names such texts.`;

/** The same of JSON Lines. */
export const skipOfType = (column: string): string => `Mend the value, or leave such lines out: \`onBadRow: "skip"\` with ${asKey(column)} in \`types\`.`;

/** LS2006: a value that its column's type cannot hold; `described` is what it should have been. */
export const badValue = (column: string, text: string, described: string, fix: string): WrongLine => ({ code: "LS2006", fix, reason: `column ${column} has "${shown(text)}", which is not ${described}` });

/** LS2004 */
export const lostDigits = (column: string, text: string): WrongLine => ({ code: "LS2004", fix: openAs("bigint", column), reason: `column ${column} has "${shown(text)}", an integer past ±2^53 that a number cannot hold exactly` });

const shown = (text: string): string => ([...text.slice(0, 200)].length > 60 ? `${[...text.slice(0, 200)].slice(0, 60).join("")}…` : text);

/** Lines that are left out where the program says so: what readers of text have in common, and where such lines go. */
import { LockstepError } from "../../errors/index.ts";
import { rootOf } from "../folders.ts";
import { localPath, type InputPath } from "../paths.ts";
import { isRemote } from "../store/location.ts";

export interface BadRowOptions {
  /** What becomes of a line that is no row, or has a value that one of `types` is not: an error, where nothing is said, or it is left out ("skip"), which standard error tells. */
  readonly onBadRow?: "error" | "skip";
  /** A folder of JSON Lines for the lines that are left out, `{ file, line, text, reason }`, in place of one that is there. */
  readonly badRows?: string;
  /** So many lines are left out at most; one more is an error. */
  readonly maxBadRows?: number;
}

export interface BadRow {
  readonly file: string;
  readonly line: number;
  /** Without its line end. */
  readonly text: string;
  readonly reason: string;
}

/** LS2016 for options that say nothing without another, and for a place of bad rows that is the input's (`path`): the folder takes the place of what is there. */
export function checkBadRows(verb: string, path: InputPath, { onBadRow = "error", badRows, maxBadRows }: BadRowOptions, site?: string): void {
  const vain = onBadRow === "skip" ? undefined : badRows !== undefined ? "badRows" : maxBadRows !== undefined ? "maxBadRows" : undefined;
  if (vain !== undefined) throw new LockstepError({ code: "LS2016", message: `${verb}: ${vain} says nothing where a bad row is an error`, fix: 'Write onBadRow: "skip" too, or leave it out.', site });
  if (badRows === undefined) return;
  const place = placeOf(badRows);
  const taken = (Array.isArray(path) ? path as readonly (string | URL)[] : [path as string | URL]).map(placeOf).find((input) => within(input, place) || within(place, input));
  if (taken !== undefined) throw new LockstepError({ code: "LS2016", message: `${verb}: badRows, ${badRows}, is where ${taken} is read: the bad rows would take its place, or be read with it`, fix: "Name a folder beside the input.", site });
}

/** A path or URL without a slash at its end; of a pattern the folder that it looks into. */
function placeOf(path: string | URL): string {
  const whole = isRemote(path) ? String(path) : localPath(path);
  return (/[*?[{]/.test(whole) ? rootOf(whole) : whole).replace(/(?<=.)\/+$/, "");
}

const within = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/** The lines that plain Node leaves out. */
export class BadRows {
  readonly rows: BadRow[] = [];
  readonly #most: number;

  /** Undefined: such a line is an error. */
  static of({ onBadRow, maxBadRows = Infinity }: BadRowOptions): BadRows | undefined {
    return onBadRow === "skip" ? new BadRows(maxBadRows) : undefined;
  }

  private constructor(most: number) {
    this.#most = most;
  }

  /** LS2006 past what is tolerated. */
  add(file: string, line: number, text: string, reason: string): void {
    this.rows.push({ file, line, text: text.replace(/[\r\n]+$/, ""), reason });
    const [first] = this.rows;
    if (this.rows.length > this.#most) throw new LockstepError({ code: "LS2006", message: `more than ${this.#most} bad rows; the first is ${first!.file}, line ${first!.line}: ${first!.reason}`, fix: "Mend the lines, or let more of them be left out: `maxBadRows`." });
  }
}

/** Tells of lines that were left out. */
export function tellBadRows(path: string, count: number, first: BadRow): void {
  process.stderr.write(`${path}: ${count} bad ${count === 1 ? "row" : "rows"} left out; the first is ${first.file}, line ${first.line}: ${first.reason}\n`);
}

/** What plain Node does with them when all is read. */
export async function keepBadRows(path: string, bad: BadRows | undefined, { badRows }: BadRowOptions): Promise<void> {
  if (!bad) return;
  if (bad.rows.length > 0) tellBadRows(path, bad.rows.length, bad.rows[0]!);
  if (badRows === undefined) return;
  const { table } = await import("../../tables/literal.ts");
  await table(badColumns(bad.rows)).writeJsonLines(badRows, { mode: "overwrite" });
}

/** The columns of a table of them. */
export const badColumns = (rows: readonly BadRow[]): { file: string[]; line: number[]; text: string[]; reason: string[] } => ({ file: rows.map(({ file }) => file), line: rows.map(({ line }) => line), text: rows.map(({ text }) => text), reason: rows.map(({ reason }) => reason) });

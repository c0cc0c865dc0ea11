import { constants, isUtf8 } from "node:buffer";
import { readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
// By its default: Node 20 has no zstd.
import zlib from "node:zlib";
import { LockstepError } from "../../errors/index.ts";
import { orUnreadable, type InputFile } from "../paths.ts";
import { asUtf8, badLine, notUtf8 } from "./errors.ts";
import { foreign } from "./foreign.ts";

/** What a file says. */
export interface Text {
  readonly text: string;
  /** Numbers of the lines, from 1, that are not UTF-8: what is not stands as U+FFFD in the text. */
  readonly wrong: ReadonlySet<number>;
}

/** The text of a file; a byte order mark stays. LS2006 of what is not UTF-8, unless `tolerant`; LS2015 where a string cannot hold it, LS2018. */
export function readText({ name, path, release }: InputFile, format: string, tolerant: boolean): Text {
  if (statSync(path).size > constants.MAX_STRING_LENGTH) {
    release();
    throw tooLarge(name);
  }
  const bytes = unpacked(name, orUnreadable(name, () => readFileSync(path)));
  release();
  const what = foreign(bytes);
  if (what !== undefined) throw anotherFormat(name, format, what);
  const wrong = linesNotUtf8(bytes);
  const [first] = wrong;
  if (first !== undefined && !tolerant) throw badLine(name, first, notUtf8, asUtf8);
  return { text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), wrong };
}

function linesNotUtf8(bytes: Buffer): Set<number> {
  const wrong = new Set<number>();
  if (isUtf8(bytes)) return wrong;
  for (let [start, line] = [0, 1]; start < bytes.length; line++) {
    const found = bytes.indexOf("\n", start);
    const end = found < 0 ? bytes.length : found + 1;
    if (!isUtf8(bytes.subarray(start, end))) wrong.add(line);
    start = end;
  }
  return wrong;
}

/** Names of files, as they are and of compressed ones. */
export const withCompressed = (names: readonly string[]): readonly string[] => ["", ".gz", ".zst"].flatMap((ending) => names.map((name) => name + ending));

/** Endings of compressed files, and the bytes with which such a file begins. */
const packings = [
  { by: "gzip", ending: /\.gz$/i, start: "\x1f\x8b" },
  { by: "zstd", ending: /\.zst$/i, start: "\x28\xb5\x2f\xfd" },
] as const;

/** What a file whose name ends in .gz or .zst holds: all members of gzip, all frames of zstd. LS2005 */
function unpacked(name: string, bytes: Buffer): Buffer {
  const unpack = /\.gz$/i.test(name) ? zlib.gunzipSync : /\.zst$/i.test(name) ? unpackFrames : undefined;
  try {
    return unpack ? unpack(bytes, { maxOutputLength: constants.MAX_STRING_LENGTH }) : bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(name);
    const said = packings.find(({ ending }) => ending.test(name))!;
    if (bytes.length > 0 && !bytes.toString("latin1", 0, 4).startsWith(said.start)) {
      throw new LockstepError({ code: "LS2005", message: `${name} is not compressed by ${said.by}, as its name says`, fix: `Call it ${basename(name).replace(said.ending, "")} where it is text, or compress it (${said.by}).`, cause: error });
    }
    throw new LockstepError({ code: "LS2005", message: `${name} is damaged or not complete: ${(error as Error).message}`, cause: error });
  }
}

/** zlib ends without an error where no frame begins, and where a frame's first bytes end: behind another frame neither is the end. */
function unpackFrames(bytes: Buffer, options: { maxOutputLength: number }): Buffer {
  const all = Buffer.concat([bytes, zlib.zstdCompressSync(Buffer.alloc(0))]);
  const { buffer, engine } = zlib.zstdDecompressSync(all, { ...options, info: true }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
  if (engine.bytesWritten < all.length) throw new Error("Unknown frame descriptor");
  return buffer;
}

function tooLarge(name: string): LockstepError {
  return new LockstepError({ code: "LS2015", message: `${name} is too large for plain Node (512 MB)`, fix: "Split the file, or run the built program." });
}

/** LS2018; `what` says what to do. */
export function anotherFormat(name: string, format: string, what: string): LockstepError {
  return new LockstepError({ code: "LS2018", message: `${name} is no ${format} file; ${what}` });
}

/** A link that holds the whole workspace: `#v=0.1.0&s=<deflate, base64url>`. Nothing of it reaches a server. */
import { deflateSync, Inflate, strFromU8, strToU8 } from "fflate";
import type { Files } from "../compile/protocol.ts";
import { isPath } from "./paths.ts";
import { changedOptions, defaultOptions, type Options, optionRecords } from "./options.ts";

export interface Shared {
  readonly title: string;
  readonly files: Files;
  readonly entry: string;
  readonly options: Options;
  readonly view: string;
}

/** What a link said: the workspace and which version made it, or why it cannot be opened. */
export type Opened = { readonly shared: Shared; readonly version: string } | { readonly problem: string };

/** Bytes: a text that inflates to more is no program. */
const LARGEST = 4_000_000;
/** Bytes that are inflated at once; they become at most a thousand times as many. */
const PIECE = 1024;
/** Characters of a title, of a version. */
const LONGEST_TITLE = 100;
const LONGEST_VERSION = 20;

export function toHash({ title, files, entry, options, view }: Shared, version: string): string {
  const text = JSON.stringify({ title, files, entry, options: changedOptions(options), view });
  return `#v=${encodeURIComponent(version)}&s=${toBase64(deflateSync(strToU8(text), { level: 9 }))}`;
}

/** Null: the hash holds no workspace. */
export function fromHash(hash: string): Opened | null {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const packed = parameters.get("s");
  if (packed === null) return null;
  try {
    const bytes = inflated(fromBase64(packed));
    if (bytes === null) return { problem: `The link holds more than ${LARGEST / 1e6} MB, which is no program.` };
    const shared = checked(JSON.parse(strFromU8(bytes)));
    return shared ? { shared, version: (parameters.get("v") ?? "").slice(0, LONGEST_VERSION) } : { problem: "The link holds no program of the playground." };
  } catch {
    return { problem: "The link is damaged: it cannot be unpacked. It was perhaps cut off when it was copied." };
  }
}

/** Null: more than a program has. A little of a link may become gigabytes. */
function inflated(packed: Uint8Array): Uint8Array | null {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  const inflate = new Inflate((piece, last) => {
    pieces.push(piece);
    size += piece.length;
    ended ||= last;
  });
  for (let at = 0; at < packed.length; at += PIECE) {
    inflate.push(packed.subarray(at, at + PIECE), at + PIECE >= packed.length);
    if (size > LARGEST) return null;
  }
  if (!ended) throw new Error("cut off");
  const whole = new Uint8Array(size);
  pieces.reduce((at, piece) => (whole.set(piece, at), at + piece.length), 0);
  return whole;
}

function checked(value: unknown): Shared | null {
  if (!isRecord(value) || !isRecord(value.files)) return null;
  const files = Object.entries(value.files).filter((entry): entry is [string, string] => isPath(entry[0]) && typeof entry[1] === "string");
  const [first] = files;
  if (!first) return null;
  const text = (name: string, otherwise: string) => (typeof value[name] === "string" ? value[name] : otherwise);
  const entry = text("entry", first[0]);
  return {
    title: text("title", "shared program").slice(0, LONGEST_TITLE),
    files: Object.fromEntries(files),
    entry: files.some(([path]) => path === entry) ? entry : first[0],
    options: optionsOf(isRecord(value.options) ? value.options : {}),
    view: text("view", ""),
  };
}

/** Known options with values of the right kind; a link is a stranger's text. */
function optionsOf(given: Record<string, unknown>): Options {
  const known = optionRecords.filter(({ name, values }) => typeof given[name] === typeof defaultOptions[name] && (!values || values.includes(given[name] as string)));
  return { ...defaultOptions, ...Object.fromEntries(known.map(({ name }) => [name, given[name]])) };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}

/** How pages are decompressed. Room is made for what a page says that it becomes only as far as its bytes can become it. */
import zlib from "node:zlib";
import { LockstepError } from "../../errors/index.ts";

/** A page's bytes as they were before `codec` compressed them; throws where they are not `size`. LS2015 */
export function decompressed(codec: string | undefined, bytes: Uint8Array, size: number): Uint8Array {
  if (!Number.isInteger(size) || size < 0) throw new Error("the size of a page is none");
  // Of an empty page some writers compress nothing, not even that.
  if (size === 0 && codec !== "UNCOMPRESSED") return new Uint8Array();
  const out = unpacked(codec, bytes, size);
  if (out.length !== size) throw new Error(`a page has ${out.length} bytes, and should have ${size}`);
  return out;
}

function unpacked(codec: string | undefined, bytes: Uint8Array, size: number): Uint8Array {
  // Node's decompressors make room as they go, up to this.
  const options = { maxOutputLength: size };
  switch (codec) {
    case "UNCOMPRESSED":
      return bytes;
    case "SNAPPY":
      return snappy(bytes, size);
    case "GZIP":
      return plain(zlib.unzipSync(bytes, options));
    case "BROTLI":
      return plain(zlib.brotliDecompressSync(bytes, options));
    case "ZSTD":
      return plain(zlib.zstdDecompressSync(bytes, options));
    case "LZ4_RAW":
      return lz4(bytes, size);
    case "LZ4":
      return lz4Frames(bytes, size) ?? lz4(bytes, size);
    case undefined:
      throw new Error("a page is compressed by what there is not");
    default:
      throw new LockstepError({ code: "LS2015", message: `pages compressed by ${codec} are not supported` });
  }
}

/** Without what a Buffer does otherwise. */
const plain = ({ buffer, byteOffset, byteLength }: Buffer): Uint8Array => new Uint8Array(buffer, byteOffset, byteLength);

const damaged = (): Error => new Error("a compressed page is damaged");

/** A copy takes at least 3 bytes for 64. */
const SNAPPY_AT_MOST = 22;
/** A byte of a length stands for 255. */
const LZ4_AT_MOST = 255;

/** https://github.com/google/snappy/blob/main/format_description.txt */
export function snappy(input: Uint8Array, size: number): Uint8Array {
  if (size > input.length * SNAPPY_AT_MOST) throw damaged();
  const out = new Uint8Array(size);
  let [at, filled, said] = [0, 0, 0];
  for (let scale = 1; ; scale *= 128) {
    const next = input[at++];
    if (next === undefined || scale > 2 ** 28) throw damaged();
    said += (next & 127) * scale;
    if (next < 128) break;
  }
  if (said !== size) throw damaged();
  const little = (count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value += (input[at++] ?? NaN) * 2 ** (8 * i);
    return value;
  };
  while (at < input.length) {
    const tag = input[at++]!;
    if ((tag & 3) === 0) {
      const length = (tag >> 2 < 60 ? tag >> 2 : little((tag >> 2) - 59)) + 1;
      if (!(length <= input.length - at && length <= size - filled)) throw damaged();
      out.set(input.subarray(at, at + length), filled);
      at += length;
      filled += length;
    } else {
      const length = (tag & 3) === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const back = (tag & 3) === 1 ? (tag >> 5) * 256 + little(1) : little((tag & 3) === 2 ? 2 : 4);
      filled = copied(out, filled, back, length);
    }
  }
  if (filled !== size) throw damaged();
  return out;
}

/** Repeats what stands `back` bytes before; the copy may be of itself. */
function copied(out: Uint8Array, filled: number, back: number, length: number): number {
  if (!(back > 0 && back <= filled && length <= out.length - filled)) throw damaged();
  if (back >= length) out.copyWithin(filled, filled - back, filled - back + length);
  else for (let i = filled; i < filled + length; i++) out[i] = out[i - back]!;
  return filled + length;
}

/** https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
function lz4(input: Uint8Array, size: number): Uint8Array {
  if (size > input.length * LZ4_AT_MOST) throw damaged();
  const out = new Uint8Array(size);
  let [at, filled] = [0, 0];
  const length = (nibble: number): number => {
    let value = nibble;
    for (let next = nibble === 15 ? 255 : 0; next === 255; value += next) {
      if (at >= input.length) throw damaged();
      next = input[at++]!;
    }
    return value;
  };
  while (at < input.length) {
    const token = input[at++]!;
    const literals = length(token >> 4);
    if (literals > input.length - at || literals > size - filled) throw damaged();
    out.set(input.subarray(at, at + literals), filled);
    at += literals;
    filled += literals;
    // The last sequence is literals alone.
    if (at === input.length) break;
    if (input.length - at < 2) throw damaged();
    const back = input[at]! + input[at + 1]! * 256;
    at += 2;
    filled = copied(out, filled, back, length(token & 15) + 4);
  }
  if (filled !== size) throw damaged();
  return out;
}

/** Hadoop's frames around blocks of LZ4: both sizes before each. Undefined: they are none, as most writers' are. */
function lz4Frames(input: Uint8Array, size: number): Uint8Array | undefined {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const frames: { readonly at: number; readonly length: number; readonly size: number }[] = [];
  let due = size;
  for (let at = 0; at < input.length; ) {
    if (input.length - at < 8) return undefined;
    const frame = { at: at + 8, size: view.getUint32(at), length: view.getUint32(at + 4) };
    if (frame.length > input.length - frame.at || frame.size > due) return undefined;
    frames.push(frame);
    due -= frame.size;
    at = frame.at + frame.length;
  }
  if (due !== 0) return undefined;
  const parts = frames.map((frame) => lz4(input.subarray(frame.at, frame.at + frame.length), frame.size));
  return plain(Buffer.concat(parts));
}

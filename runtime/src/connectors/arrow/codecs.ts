/** How flechette decompresses buffers, and compresses them. */
import zlib from "node:zlib";
import { CompressionType, setCompressionCodec } from "@uwdata/flechette";
import lz4 from "lz4js";
import xxh32 from "lz4js/xxh32.js";

let installed = false;

export function installCodecs(): void {
  if (installed) return;
  installed = true;
  setCompressionCodec(CompressionType.ZSTD, {
    encode: (bytes) => zlib.zstdCompressSync(bytes),
    decode: (bytes) => whole(bytes, zlib.zstdDecompressSync(bytes, { maxOutputLength: Math.max(lengthOf(bytes), 1) })),
  });
  setCompressionCodec(CompressionType.LZ4_FRAME, {
    encode: (bytes) => lz4.compress(bytes),
    decode: (bytes) => whole(bytes, unpackedFrame(bytes, lengthOf(bytes))),
  });
}

/** What stands before the bytes that flechette hands over: how many they become (checked before, in `messages.ts`). */
const lengthOf = (bytes: Uint8Array): number => Number(new DataView(bytes.buffer, bytes.byteOffset - 8, 8).getBigInt64(0, true));

function whole(bytes: Uint8Array, out: Uint8Array): Uint8Array {
  if (out.length !== lengthOf(bytes)) throw new Error(`a compressed buffer has ${out.length} bytes, and should have ${lengthOf(bytes)}`);
  return out;
}

/** Of the flags of a frame. */
const flags = { blockSums: 0x10, contentSize: 0x08, contentSum: 0x04, dictionary: 0x01 } as const;

/** The content of an LZ4 frame. lz4js decodes its blocks; it looks for a block's checksum before the block, where the format has it behind. */
function unpackedFrame(frame: Uint8Array, size: number): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const flag = view.getUint8(4);
  if (view.getUint32(0, true) !== 0x184d2204 || flag >> 6 !== 1 || (flag & flags.dictionary) !== 0) throw new Error("a compressed buffer is no frame of LZ4");
  const checked = (bytes: Uint8Array, at: number): void => {
    if (xxh32.hash(0, bytes, 0, bytes.length) >>> 0 !== view.getUint32(at, true)) throw new Error("a compressed buffer differs from its checksum");
  };
  const out = new Uint8Array(size);
  let at = 7 + ((flag & flags.contentSize) !== 0 ? 8 : 0);
  let filled = 0;
  for (;;) {
    const said = view.getUint32(at, true);
    at += 4;
    if (said === 0) break;
    const length = said & 0x7fffffff;
    const block = frame.subarray(at, at + length);
    if (block.length < length) throw new Error("a compressed buffer is cut off");
    if (said !== length) {
      if (filled + length > size) throw new Error("a compressed buffer is longer than it says");
      out.set(block, filled);
      filled += length;
    } else filled = lz4.decompressBlock(frame, out, at, length, filled);
    at += length;
    if ((flag & flags.blockSums) !== 0) {
      checked(block, at);
      at += 4;
    }
  }
  if (filled !== size) throw new Error(`a compressed buffer has ${filled} bytes, and should have ${size}`);
  if ((flag & flags.contentSum) !== 0) checked(out, at);
  return out;
}

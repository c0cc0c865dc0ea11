/** Avro files, which Iceberg's manifests are. */
import { inflateRawSync, zstdDecompressSync } from "node:zlib";
import { LockstepError } from "../../errors/index.ts";

/** The records of an Avro file; its longs are bigints. LS2005 where it is damaged. */
export async function readAvro(name: string, bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const { default: avro } = await import("avsc");
  const { snappyUncompress } = await import("hyparquet");
  const long = avro.types.LongType.__with({
    fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
    toBuffer: (value: bigint) => {
      const buffer = Buffer.alloc(8);
      buffer.writeBigInt64LE(value);
      return buffer;
    },
    fromJSON: BigInt,
    toJSON: Number,
    isValid: (value: unknown) => typeof value === "bigint",
    compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
  });
  const codec = (decode: (bytes: Buffer) => Uint8Array) => (bytes: Buffer, callback: (error: Error | null, bytes?: Buffer) => void) => {
    try {
      callback(null, Buffer.from(decode(bytes)));
    } catch (error) {
      callback(error as Error);
    }
  };
  const decoder = new avro.streams.BlockDecoder({
    parseHook: (schema: object) => avro.Type.forSchema(schema as never, { registry: { long } as never }),
    codecs: {
      null: codec((bytes) => bytes),
      deflate: codec((bytes) => inflateRawSync(bytes)),
      zstandard: codec((bytes) => zstdDecompressSync(bytes)),
      // Behind the data stand four bytes of a checksum; its length is before it.
      snappy: codec((bytes) => {
        const output = new Uint8Array(lengthOf(bytes));
        snappyUncompress(bytes.subarray(0, -4), output);
        return output;
      }),
    },
  } as never);
  return new Promise((resolve, reject) => {
    const records: Record<string, unknown>[] = [];
    const damaged = (error: Error): void => reject(new LockstepError({ code: "LS2005", message: `${name} is damaged or not complete: ${error.message}`, cause: error }));
    decoder.on("data", (record: Record<string, unknown>) => records.push(record));
    decoder.on("error", damaged);
    decoder.on("end", () => resolve(records));
    try {
      decoder.end(bytes);
    } catch (error) {
      damaged(error as Error);
    }
  });
}

/** The number of bytes that snappy's text makes: seven bits a byte, the lowest first. */
function lengthOf(bytes: Uint8Array): number {
  let length = 0;
  for (const [index, byte] of bytes.subarray(0, 5).entries()) {
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) break;
  }
  if (length > bytes.length * 256) throw new Error("a block says to be longer than it can be");
  return length;
}

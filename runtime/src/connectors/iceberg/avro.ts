/** Avro files, which Iceberg's manifests are. */
import { randomBytes } from "node:crypto";
import { deflateRawSync, inflateRawSync, zstdDecompressSync } from "node:zlib";
import { LockstepError } from "../../errors/index.ts";
import { snappy } from "../parquet/codecs.ts";

/** What a block may grow to: manifests of 8 MB are usual. */
const LARGEST = 1 << 30;

/** The records of an Avro file; its longs are bigints. LS2005 where it is damaged. */
export async function readAvro(name: string, bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const codecs: Readonly<Record<string, (block: Buffer) => Uint8Array>> = {
    null: (block) => block,
    deflate: (block) => inflateRawSync(block, { maxOutputLength: LARGEST }),
    zstandard: (block) => zstdDecompressSync(block, { maxOutputLength: LARGEST }),
    // Behind the data stand four bytes of a checksum; its length is before it.
    snappy: (block) => snappy(block.subarray(0, -4), snappyLength(block)),
  };
  try {
    const file = new Container(bufferOf(bytes));
    const codec = file.metadata.get("avro.codec")?.toString() ?? "null";
    const decompress = Object.hasOwn(codecs, codec) ? codecs[codec]! : undefined;
    if (!decompress) throw new LockstepError({ code: "LS2015", message: `${name} is compressed with ${codec}, which is not supported` });
    const type = await typeOf(JSON.parse(String(file.metadata.get("avro.schema"))));
    const records: Record<string, unknown>[] = [];
    for (const { count, data } of file.blocks()) {
      const block = Buffer.from(decompress(data));
      for (let left = count, at = 0; left > 0; left--) {
        const { value, offset } = type.decode(block, at);
        if (offset < 0) throw new Error("a record ends in the middle");
        records.push(value as Record<string, unknown>);
        at = offset;
      }
    }
    return records;
  } catch (error) {
    if (error instanceof LockstepError) throw error;
    throw new LockstepError({ code: "LS2005", message: `${name} is damaged or not complete: ${(error as Error).message}`, cause: error });
  }
}

/** An Avro file of records, its longs bigints; `metadata` stand in its header. */
export async function writeAvro(schema: object, metadata: Readonly<Record<string, string>>, records: readonly object[]): Promise<Buffer> {
  const type = await typeOf(schema);
  // The schema as it is given: the field ids in it are what readers go by.
  const header = Object.entries({ "avro.schema": JSON.stringify(schema), "avro.codec": "deflate", ...metadata });
  const marker = randomBytes(16);
  const sized = (bytes: Buffer): Buffer[] => [varint(bytes.length), bytes];
  const block = deflateRawSync(Buffer.concat(records.map((record) => type.toBuffer(record))));
  const entries = header.flatMap(([key, value]) => [...sized(Buffer.from(key)), ...sized(Buffer.from(value))]);
  const blocks = records.length > 0 ? [varint(records.length), ...sized(block), marker] : [];
  return Buffer.concat([Buffer.from("Obj\u0001", "latin1"), varint(header.length), ...entries, varint(0), marker, ...blocks]);
}

/** The schema in the header of an Avro file. */
export function schemaOf(bytes: Uint8Array): unknown {
  return JSON.parse(String(new Container(bufferOf(bytes)).metadata.get("avro.schema")));
}

async function typeOf(schema: unknown) {
  const { default: avro } = await import("avsc");
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
  return avro.Type.forSchema(schema as never, { registry: { long } as never });
}

/** Bytes as avsc takes them. Declarations that users' programs reach have none: not everybody has Node's types. */
export const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Of a number that is not negative. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value * 2;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) + 128);
  return Buffer.from([...bytes, left]);
}

/** An object container file: a header, and blocks of records each with the header's marker behind it. */
class Container {
  readonly metadata = new Map<string, Buffer>();
  readonly #bytes: Buffer;
  readonly #marker: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    if (this.#take(4).toString("latin1") !== "Obj\u0001") throw new Error("it is no Avro file");
    for (let entries = this.#long(); entries !== 0; entries = this.#long()) {
      // A negative number has the size of the entries behind it.
      if (entries < 0) this.#long();
      for (let left = Math.abs(entries); left > 0; left--) this.metadata.set(this.#sized().toString(), this.#sized());
    }
    this.#marker = this.#take(16);
  }

  *blocks(): Generator<{ count: number; data: Buffer }> {
    while (this.#at < this.#bytes.length) {
      const count = this.#long();
      const data = this.#sized();
      if (!this.#take(16).equals(this.#marker)) throw new Error("a block is not followed by the file's marker");
      yield { count, data };
    }
  }

  #take(length: number): Buffer {
    if (!(length >= 0 && length <= this.#bytes.length - this.#at)) throw new Error("the file ends in the middle");
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #sized(): Buffer {
    return this.#take(this.#long());
  }

  /** Seven bits a byte, the lowest first; the lowest bit is the sign. */
  #long(): number {
    let value = 0;
    for (let scale = 1, byte = 0x80; byte >= 0x80; scale *= 128) {
      [byte] = this.#take(1) as unknown as [number];
      value += (byte & 0x7f) * scale;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

/** The number of bytes that snappy's text makes. */
function snappyLength(block: Buffer): number {
  let length = 0;
  for (const [index, byte] of block.subarray(0, 5).entries()) {
    length += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) break;
  }
  if (length > LARGEST) throw new Error("a block says to be longer than it can be");
  return length;
}

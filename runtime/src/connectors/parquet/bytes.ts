/** Bytes from the front to the back: whatever is asked for past their end is an error, before room is made for it. */
export class Bytes {
  private at = 0;
  private readonly view: DataView;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  take(count: number): Uint8Array {
    if (!(count >= 0 && count <= this.left)) throw new Error("a page ends before its values");
    return this.bytes.subarray(this.at, (this.at += count));
  }

  /** As many as there are of `count`. */
  takeUpTo(count: number): Uint8Array {
    return this.take(Math.min(count, this.left));
  }

  byte(): number {
    if (this.left < 1) throw new Error("a page ends before its values");
    return this.bytes[this.at++]!;
  }

  uint32(): number {
    if (this.left < 4) throw new Error("a page ends before its values");
    return this.view.getUint32((this.at += 4) - 4, true);
  }

  /** Unsigned, of at most 53 bits. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const next = this.byte();
      value += (next & 127) * scale;
      if (next < 128) return value;
    }
    throw new Error("a page has a number that is too long");
  }

  /** Signed, of at most 64 bits. */
  zigzag(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const next = this.byte();
      value |= BigInt(next & 127) << shift;
      if (next < 128) return (value >> 1n) ^ -(value & 1n);
    }
    throw new Error("a page has a number that is too long");
  }
}

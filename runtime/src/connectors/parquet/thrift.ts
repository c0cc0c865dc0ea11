/** Thrift's compact protocol, looked through before hyparquet reads it, which believes every length and may never end. */

/** Types of fields and elements. */
const BOOLEANS = [1, 2];
const BYTE = 3;
const INTEGERS = [4, 5, 6];
const DOUBLE = 7;
const BINARY = 8;
const LISTS = [9, 10];
const MAP = 11;
const STRUCT = 12;

const deepest = 32;

/** Where the struct ends with which the bytes begin; throws where it is not whole, or its lists and texts do not fit into them. `what` has it. */
export function structEnd(bytes: Uint8Array, what: string): number {
  let at = 0;
  const take = (count: number): void => {
    if (count > bytes.length - at) throw new Error(`${what} ends in the middle`);
    at += count;
  };
  const byte = (): number => {
    take(1);
    return bytes[at - 1]!;
  };
  /** As a double: of what is too large only that matters. */
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const next = byte();
      value += (next & 127) * scale;
      if (next < 128) return value;
    }
  };
  const elements = (count: number, types: readonly number[], depth: number): void => {
    // An element takes at least a byte.
    if (count > bytes.length - at) throw new Error(`a list of ${what} is longer than it`);
    for (let i = 0; i < count; i++) for (const type of types) BOOLEANS.includes(type) ? take(1) : value(type, depth);
  };
  const value = (type: number, depth: number): void => {
    if (depth > deepest) throw new Error(`${what} is nested too deeply`);
    if (BOOLEANS.includes(type)) return;
    if (type === BYTE) return take(1);
    if (INTEGERS.includes(type)) return void varint();
    if (type === DOUBLE) return take(8);
    if (type === BINARY) return take(varint());
    if (LISTS.includes(type)) {
      const head = byte();
      return elements(head >> 4 === 15 ? varint() : head >> 4, [head & 15], depth + 1);
    }
    if (type === MAP) {
      const count = varint();
      const types = count === 0 ? 0 : byte();
      return elements(count, [types >> 4, types & 15], depth + 1);
    }
    if (type !== STRUCT) throw new Error(`${what} has values of type ${type}, which there is not`);
    for (let head = byte(); head !== 0; head = byte()) {
      if (head >> 4 === 0) varint();
      value(head & 15, depth + 1);
    }
  };
  value(STRUCT, 0);
  return at;
}

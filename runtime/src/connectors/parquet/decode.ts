import type { DecodedArray } from "hyparquet";
import type { ArrowType } from "../../tables/arrow-type.ts";
import type { Stored, StoredValues } from "../../tables/column.ts";
import { canonicalInteger } from "../../tables/infer.ts";
import { timeStored, uuidText } from "../../tables/kinds.ts";

/** Values as hyparquet decodes them without a logical type → as a column stores them. */
export function storedValues(values: DecodedArray, type: ArrowType): StoredValues {
  switch (type.id) {
    case "int":
      return type.signed ? integers(values, (v) => v) : integers(values, (v) => unsigned(v, type.bits));
    case "timestamp":
      return integers(values, (v) => v);
    case "decimal":
      return integers(values, (v) => (v instanceof Uint8Array ? twosComplement(v) : v));
    case "uuid":
      return orNull(values, (v) => uuidText(v as Uint8Array));
    case "time":
      return orNull(values, (v) => timeStored(v as number | bigint, type.unit));
    case "float":
      return values instanceof Float64Array ? values : orNull(values, type.bits === 16 ? (v) => halfFloat(v as Uint8Array) : (v) => v as number);
    case "binary":
    case "other":
      return orNull(values, (v) => v as Uint8Array);
    default:
      return orNull(values, (v) => v as Stored);
  }
}

function orNull(values: DecodedArray, convert: (value: unknown) => Stored): StoredValues {
  const out = new Array<Stored>(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as unknown;
    out[i] = value === null || value === undefined ? null : convert(value);
  }
  return out;
}

type Raw = number | bigint | Uint8Array;

function integers(values: DecodedArray, convert: (value: Raw) => number | bigint | Uint8Array): StoredValues {
  const out = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const raw = values[i] as Raw | null | undefined;
    if (raw === null || raw === undefined) return integersOrNull(values, convert);
    const value = convert(raw);
    if (typeof value === "bigint") {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) return integersOrNull(values, convert);
      out[i] = number;
    } else out[i] = value as number;
  }
  return out;
}

function integersOrNull(values: DecodedArray, convert: (value: Raw) => number | bigint | Uint8Array): StoredValues {
  return orNull(values, (raw) => {
    const value = convert(raw as Raw);
    return typeof value === "bigint" ? canonicalInteger(value) : (value as number);
  });
}

function unsigned(value: Raw, bits: number): Raw {
  if (typeof value === "bigint") return BigInt.asUintN(bits, value);
  return bits === 32 ? (value as number) >>> 0 : (value as number) & (2 ** bits - 1);
}

/** A big-endian signed integer of any length. */
function twosComplement(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

function halfFloat(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 2).getFloat16(0, true);
}

/**
 * A column chunk's pages, decoded.
 *
 * A damaged file may say anything: of each page the footer, its header and its bytes must agree on how many values it has
 * before room is made for them, and each step takes as many bytes as it stands for.
 */
import type { ColumnMetaData, DecodedArray, SchemaTree } from "hyparquet";
import { LockstepError } from "../../errors/index.ts";
import { Bytes } from "./bytes.ts";
import { decompressed } from "./codecs.ts";
import { deltaByteValues, deltaLengthValues, deltaValues, fillRuns, plainValues, splitValues } from "./encodings.ts";
import { structEnd } from "./thrift.ts";

/** What of hyparquet decodes a chunk: it knows the header's fields, and puts lists together. */
export interface Parts {
  readonly parquetHeader: typeof import("hyparquet/src/column.js").parquetHeader;
  readonly assembleLists: typeof import("hyparquet/src/assemble.js").assembleLists;
}

export interface Chunk {
  readonly meta: ColumnMetaData;
  /** From the schema's root to the leaf. */
  readonly path: readonly SchemaTree[];
  readonly rows: number;
  /** Bytes are texts. */
  readonly text: boolean;
}

type Header = ReturnType<Parts["parquetHeader"]>;

/** The values of the chunk's pages, null where a leaf is none; of a leaf that is nested in the arrays that `nested.ts` says, as one. */
export function chunkValues(bytes: Uint8Array, chunk: Chunk, parts: Parts): DecodedArray[] {
  const { meta, path, rows } = chunk;
  const due = Number(meta.num_values);
  const isFlat = path.length === 2 && path[1]!.element.repetition_type !== "REPEATED";
  if (!(due >= 0) || (isFlat && due !== rows)) throw new Error("a column has other rows than the file says");
  const decoder = new Decoder(chunk);
  const pages: DecodedArray[] = [];
  const nested: unknown[] = [];
  const all = new Bytes(bytes);
  for (let seen = 0; seen < due; ) {
    if (all.left === 0) throw new Error("a column ends before its values");
    const header = nextHeader(all, bytes, parts);
    const body = all.take(header.compressed_page_size);
    if (header.type === "DICTIONARY_PAGE") decoder.dictionaryPage(header, body);
    else if (header.type !== "INDEX_PAGE") {
      const page = decoder.dataPage(header, body, due - seen);
      seen += page.count;
      if (isFlat) pages.push(withNulls(page));
      // hyparquet takes no values for a row.
      else if (page.count > 0) parts.assembleLists(nested, page.definition as unknown as number[] | undefined, (page.repetition ?? []) as number[], page.values, path as SchemaTree[]);
    }
  }
  return isFlat ? pages : [nested];
}

function nextHeader(all: Bytes, bytes: Uint8Array, { parquetHeader }: Parts): Header {
  const rest = bytes.subarray(bytes.length - all.left);
  const own = all.take(structEnd(rest, "a page's header"));
  const header = parquetHeader({ view: new DataView(own.buffer, own.byteOffset, own.byteLength), offset: 0 });
  if (header.type === undefined) throw new Error("a page is of a type that there is not");
  return header;
}

interface Page {
  /** Values, with those that are none. */
  readonly count: number;
  /** Undefined where all are there. */
  readonly definition: Uint8Array | undefined;
  readonly repetition: Uint8Array | undefined;
  /** Those that are there. */
  readonly values: DecodedArray;
  readonly deepest: number;
}

function withNulls({ count, definition, values, deepest }: Page): DecodedArray {
  if (!definition) return values;
  let at = 0;
  return Array.from({ length: count }, (_, i) => (definition[i] === deepest ? (values[at++] as unknown) : null)) as DecodedArray;
}

const text = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });

class Decoder {
  private dictionary: DecodedArray | undefined;
  private readonly chunk: Chunk;
  private readonly element: SchemaTree["element"];
  /** The highest levels of definition and repetition. */
  private readonly levels: readonly [definition: number, repetition: number];

  constructor(chunk: Chunk) {
    this.chunk = chunk;
    const below = chunk.path.slice(1).map(({ element }) => element.repetition_type);
    this.element = chunk.path.at(-1)!.element;
    this.levels = [below.filter((type) => type !== "REQUIRED").length, below.filter((type) => type === "REPEATED").length];
    if (this.levels[0] > 255) throw new Error("a column is nested too deeply");
  }

  dictionaryPage({ dictionary_page_header: said, uncompressed_page_size: size }: Header, body: Uint8Array): void {
    if (!said) throw new Error("a dictionary has no header");
    const bytes = new Bytes(decompressed(this.chunk.meta.codec, body, size));
    this.dictionary = this.converted(plainValues(bytes, this.physical, countOf(said.num_values)));
  }

  /** `left`: how many values the chunk still has. */
  dataPage(header: Header, body: Uint8Array, left: number): Page {
    const said = header.data_page_header ?? header.data_page_header_v2;
    if (!said || (header.data_page_header ? header.type !== "DATA_PAGE" : header.type !== "DATA_PAGE_V2")) throw new Error("a page has no header");
    const count = countOf(said.num_values);
    if (count > left) throw new Error("a page has more values than its column");
    const { repetition, definition, bytes } = header.data_page_header_v2 ? this.secondVersion(header, body, count) : this.firstVersion(header, body, count);
    const [deepest] = this.levels;
    let present = count;
    if (definition) {
      present = 0;
      for (const level of definition) if (level === deepest) present++;
    }
    return { count, repetition, definition: present === count ? undefined : definition, values: present === 0 ? [] : this.values(bytes, said.encoding, present), deepest };
  }

  /** All is compressed, and each kind of levels says how long it is. */
  private firstVersion(header: Header, body: Uint8Array, count: number) {
    const bytes = new Bytes(decompressed(this.chunk.meta.codec, body, header.uncompressed_page_size));
    const { definition_level_encoding: definitions, repetition_level_encoding: repetitions } = header.data_page_header!;
    const read = (highest: number, encoding: string | undefined): Uint8Array | undefined => {
      if (highest === 0) return undefined;
      if (encoding !== "RLE") throw new LockstepError({ code: "LS2015", message: `levels encoded by ${encoding} are not supported` });
      return levelsOf(bytes.take(bytes.uint32()), highest, count);
    };
    const [definition, repetition] = this.levels;
    const repeated = read(repetition, repetitions);
    return { repetition: repeated, definition: read(definition, definitions), bytes };
  }

  /** The levels stand before what is compressed, and the header says how long they are. */
  private secondVersion({ data_page_header_v2: said, uncompressed_page_size: size }: Header, body: Uint8Array, count: number) {
    const { repetition_levels_byte_length: repetitions, definition_levels_byte_length: definitions, is_compressed: isCompressed } = said!;
    const all = new Bytes(body);
    const read = (highest: number, length: number): Uint8Array | undefined => {
      const own = all.take(length);
      return highest === 0 ? undefined : levelsOf(own, highest, count);
    };
    const [definition, repetition] = this.levels;
    const repeated = read(repetition, repetitions);
    const defined = read(definition, definitions);
    const bytes = new Bytes(decompressed(isCompressed === false ? "UNCOMPRESSED" : this.chunk.meta.codec, all.takeUpTo(Infinity), size - repetitions - definitions));
    return { repetition: repeated, definition: defined, bytes };
  }

  private values(bytes: Bytes, encoding: string | undefined, count: number): DecodedArray {
    const { type } = this.physical;
    switch (encoding) {
      case undefined:
        throw new Error("a page is encoded by what there is not");
      case "PLAIN":
        return this.converted(plainValues(bytes, this.physical, count));
      case "PLAIN_DICTIONARY":
      case "RLE_DICTIONARY":
        return this.looked(fillRuns(bytes, bytes.byte(), new Uint32Array(count)));
      case "RLE":
        if (type !== "BOOLEAN") break;
        return Array.from(fillRuns(new Bytes(bytes.take(bytes.uint32())), 1, new Uint8Array(count)), Boolean);
      case "BYTE_STREAM_SPLIT":
        return this.converted(splitValues(bytes, this.physical, count));
      case "DELTA_BINARY_PACKED":
        if (type !== "INT32" && type !== "INT64") break;
        return deltaValues(bytes, type, count);
      case "DELTA_LENGTH_BYTE_ARRAY":
        return this.converted(deltaLengthValues(bytes, count));
      case "DELTA_BYTE_ARRAY":
        return this.converted(deltaByteValues(bytes, count));
    }
    throw new LockstepError({ code: "LS2015", message: `values of the type ${type} encoded by ${encoding} are not supported` });
  }

  private get physical() {
    return { type: this.element.type ?? "no type", length: this.element.type_length };
  }

  private looked(indices: Uint32Array): DecodedArray {
    const { dictionary } = this;
    if (!dictionary) throw new Error("a page of a dictionary stands before it");
    const out = new Array<unknown>(indices.length);
    for (let i = 0; i < indices.length; i++) {
      const index = indices[i]!;
      if (index >= dictionary.length) throw new Error("a page has values that its dictionary has not");
      out[i] = dictionary[index];
    }
    return out as DecodedArray;
  }

  /** A leading U+FEFF belongs to the text. */
  private converted(values: DecodedArray): DecodedArray {
    return this.chunk.text ? Array.from(values as ArrayLike<Uint8Array>, (bytes) => text.decode(bytes)) : values;
  }
}

function countOf(said: number): number {
  if (!(said >= 0)) throw new Error("a page has a number of values that is none");
  return said;
}

/** Levels take as many bits as the highest. */
function levelsOf(bytes: Uint8Array, highest: number, count: number): Uint8Array {
  const levels = fillRuns(new Bytes(bytes), 32 - Math.clz32(highest), new Uint8Array(count));
  for (const level of levels) if (level > highest) throw new Error("a page has values deeper than its column");
  return levels;
}

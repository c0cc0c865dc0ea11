/**
 * Where the messages of Arrow IPC stand, and what of them has to be known before flechette decodes them: it takes lengths and
 * places on trust. Of the metadata, which are flatbuffers, a few fields are read here.
 */
import { LockstepError } from "../../errors/index.ts";

/** A message of a file: its metadata, with what stands before them, and its body. */
export interface Message {
  readonly start: number;
  readonly end: number;
  readonly kind: "schema" | "dictionary" | "batch";
  /** Of a record batch. */
  readonly rows: number;
  /** Of a dictionary. */
  readonly id: bigint;
  /** It goes on where the dictionary of this id before it ends. */
  readonly delta: boolean;
}

/** Bytes of a file. */
export type Slice = (start: number, end: number) => Uint8Array;

export const magic = "ARROW1";
const kinds: Readonly<Record<number, Message["kind"]>> = { 1: "schema", 2: "dictionary", 3: "batch" };

export interface Messages {
  /** A message. */
  readonly schema: Uint8Array;
  /** In the order in which a reader takes them. */
  readonly others: readonly Message[];
}

/** `file`: not a stream. Throws where bytes are not what they should be. */
export function findMessages(slice: Slice, size: number, file: boolean): Messages {
  return file ? ofFooter(slice, size) : ofStream(slice, size);
}

function ofFooter(slice: Slice, size: number): Messages {
  if (size < 18) throw new Error("it is too short");
  const tail = slice(size - 10, size);
  if (Buffer.from(tail.subarray(4)).toString("latin1") !== magic) throw new Error("it does not end as Arrow IPC does");
  const length = viewOf(tail).getInt32(0, true);
  const start = size - 10 - length;
  if (length <= 0 || start < 8) throw new Error("the footer is longer than the file");
  const footer = Table.root(viewOf(slice(start, size - 10)));
  const blocks = [2, 3].flatMap((field) => footer.vector(field, 24).map((at) => ({ offset: footer.long(at), metadata: footer.view.getInt32(at + 8, true), body: footer.long(at + 16) })));
  const schema = footer.child(1);
  if (schema === undefined) throw new Error("it has no schema");
  checkSchema(schema);
  const others = blocks.map(({ offset, metadata, body }) => {
    const message = offset >= 8 && offset + metadata + body <= start ? read(slice, offset, start) : undefined;
    if (message === undefined || message.kind === "schema") throw new Error("the footer names a message that is none");
    return message;
  });
  return { schema: messageOf(slice(start, size - 10), schema.start, footer.short(0)), others };
}

/**
 * A message whose header is the schema of a footer, as not every writer has one at the file's beginning (Polars): a table in front of
 * the footer's bytes that refers into them.
 */
function messageOf(footer: Uint8Array, schema: number, version: number): Uint8Array {
  const [table, before, prefix] = [16, 32, 8];
  const length = Math.ceil((before + footer.length) / 8) * 8;
  const bytes = new Uint8Array(prefix + length);
  bytes.set(footer, prefix + before);
  const view = viewOf(bytes);
  view.setInt32(0, -1, true);
  view.setInt32(4, length, true);
  const at = (place: number): number => prefix + place;
  view.setUint32(at(0), table, true);
  // Where the fields of the table are: version, kind of the header, header; it has no body.
  for (const [index, number] of [12, 12, 4, 6, 8, 0].entries()) view.setUint16(at(4 + 2 * index), number, true);
  view.setInt32(at(table), table - 4, true);
  view.setInt16(at(table + 4), version, true);
  view.setUint8(at(table + 6), 1);
  view.setUint32(at(table + 8), before + schema - (table + 8), true);
  return bytes;
}

function ofStream(slice: Slice, size: number): Messages {
  const messages: Message[] = [];
  for (let at = 0; at < size; ) {
    const message = read(slice, at, size);
    if (message === undefined) break;
    if ((message.kind === "schema") !== (messages.length === 0)) throw new Error(messages.length === 0 ? "it does not begin with a schema" : "it has a second schema");
    messages.push(message);
    at = message.end;
  }
  const [schema, ...others] = messages;
  if (schema === undefined) throw new Error("it has no schema");
  return { schema: slice(schema.start, schema.end), others };
}

/** The message that begins at `start`; undefined: the end of a stream. */
function read(slice: Slice, start: number, limit: number): Message | undefined {
  const inside = (end: number): number => {
    if (!(end >= start && end <= limit)) throw new Error("it ends within a message");
    return end;
  };
  const head = viewOf(slice(start, Math.min(start + 8, limit)));
  const isMarked = head.getInt32(0, true) === -1;
  const length = head.getInt32(isMarked ? 4 : 0, true);
  if (length === 0) return undefined;
  if (length < 0) throw new Error("a message has no length");
  const before = start + (isMarked ? 8 : 4);
  const bodyStart = inside(before + length);
  const table = Table.root(viewOf(slice(before, bodyStart)));
  const version = table.short(0);
  if (version < 3) throw new LockstepError({ code: "LS2015", message: `Arrow IPC of metadata version ${version + 1} is not read`, fix: "Write the file again (Arrow ≥ 0.8)." });
  const kind = kinds[table.byte(1)];
  const body = table.at(3) === undefined ? 0 : table.long(table.at(3)!);
  const end = inside(bodyStart + body);
  const header = table.child(2);
  if (kind === undefined || header === undefined || body < 0) throw new Error("it has a message that is no record batch");
  if (kind === "schema") {
    checkSchema(header);
    return { start, end, kind, rows: 0, id: 0n, delta: false };
  }
  const batch = kind === "batch" ? header : header.child(1);
  if (batch === undefined) throw new Error("a dictionary is missing");
  const count = batch.at(0) === undefined ? 0 : batch.long(batch.at(0)!);
  if (count < 0) throw new Error("a record batch has no number of rows");
  checkColumns(batch, count);
  const bytes = checkBuffers(batch, body, (from, to) => slice(bodyStart + from, bodyStart + to));
  // An entry has a bit at least; rows may be nulls without any.
  if (kind === "dictionary" && count > 8 * bytes) throw new Error("a dictionary has more entries than bytes for them");
  const rows = kind === "dictionary" ? 0 : count;
  const id = kind === "dictionary" && header.at(0) !== undefined ? header.view.getBigInt64(header.at(0)!, true) : 0n;
  return { start, end, kind, rows, id, delta: kind === "dictionary" && header.byte(2) !== 0 };
}

function checkSchema(schema: Table): void {
  checkFields(schema, 1);
  if (schema.short(0) === 1) throw new LockstepError({ code: "LS2015", message: "numbers in big-endian order are not read", fix: "Write the file on another machine." });
}

/** Types in types at most. */
const deepest = 64;

/** Lists of fields are as long as there are bytes for. `field`: which of the table's holds them. */
function checkFields(table: Table, field: number, depth = 0): void {
  if (depth > deepest) throw new Error("the schema is damaged");
  // What is said for people, behind the columns or behind a field's own.
  table.vector(field === 1 ? 2 : 6, 4);
  for (const at of table.vector(field, 4)) checkFields(table.below(at), 5, depth + 1);
}

/** Lists are made as long as columns and views say that they are: nulls have nothing but their number. */
function checkColumns(batch: Table, length: number): void {
  for (const [index, at] of batch.vector(1, 16).entries()) {
    const rows = batch.long(at);
    if (rows < 0 || (index === 0 && rows !== length)) throw new Error("a column has another number of rows than its record batch");
  }
  const buffers = batch.vector(2, 16).length;
  for (const at of batch.vector(4, 8)) if (!(batch.long(at) >= 0 && batch.long(at) <= buffers)) throw new Error("a column has more buffers than there are");
}

/** What a byte can become: of LZ4 by its format, of zstd about. */
const mostTimes = [255, 2 ** 15];

/** Buffers lie in the body, and compressed ones do not say to be longer than they can be: the bytes of all. */
function checkBuffers(batch: Table, body: number, bytes: Slice): number {
  const compression = batch.child(3);
  let sum = 0;
  for (const at of batch.vector(2, 16)) {
    const [offset, length] = [batch.long(at), batch.long(at + 8)];
    if (!(offset >= 0 && length >= 0 && offset + length <= body)) throw new Error("a record batch has a buffer that lies outside of it");
    sum += length;
    if (compression === undefined || length === 0) continue;
    if (length < 8) throw new Error("a compressed buffer has no length");
    const said = viewOf(bytes(offset, offset + 8)).getBigInt64(0, true);
    if (said < -1n || said > BigInt(length) * BigInt(mostTimes[compression.byte(0)] ?? 1) + 1024n) throw new Error("a compressed buffer says to be longer than it is");
    sum += Math.max(0, Number(said) - length);
  }
  return sum;
}

/** A table of a flatbuffer. Reading outside of its bytes throws. */
class Table {
  readonly view: DataView;
  readonly start: number;

  constructor(view: DataView, start: number) {
    this.view = view;
    this.start = start;
  }

  static root(view: DataView): Table {
    return new Table(view, view.getUint32(0, true));
  }

  /** Where the field of a number stands; undefined: it is left out. */
  at(field: number): number | undefined {
    const layout = this.start - this.view.getInt32(this.start, true);
    const entry = 4 + 2 * field;
    const offset = entry < this.view.getUint16(layout, true) ? this.view.getUint16(layout + entry, true) : 0;
    return offset === 0 ? undefined : this.start + offset;
  }

  byte(field: number): number {
    const at = this.at(field);
    return at === undefined ? 0 : this.view.getUint8(at);
  }

  short(field: number): number {
    const at = this.at(field);
    return at === undefined ? 0 : this.view.getInt16(at, true);
  }

  /** The 64-bit integer at a place. */
  long(at: number): number {
    return Number(this.view.getBigInt64(at, true));
  }

  child(field: number): Table | undefined {
    const at = this.at(field);
    return at === undefined ? undefined : this.below(at);
  }

  /** The table that is referred to at a place. */
  below(at: number): Table {
    return new Table(this.view, at + this.view.getUint32(at, true));
  }

  /** Where the elements of a vector stand. */
  vector(field: number, size: number): number[] {
    const at = this.at(field);
    if (at === undefined) return [];
    const start = at + this.view.getUint32(at, true);
    const length = this.view.getUint32(start, true);
    if (start + 4 + length * size > this.view.byteLength) throw new Error("a list in the metadata is longer than they are");
    return Array.from({ length }, (_, index) => start + 4 + index * size);
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

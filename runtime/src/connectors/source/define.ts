/** Sources that a program brings itself: what `defineSource` takes, and what `readSource` is given. */

/** The columns of a source: Arrow's printed types by name, `{ id: "int64", title: "string", at: "timestamp[ms, tz=UTC]" }`. */
export type SourceSchema = Readonly<Record<string, string>>;

/** Rows as columns: arrays of numbers, bigints, strings, booleans, Dates and nulls, all of one length. */
export type SourceColumns = Readonly<Record<string, ArrayLike<unknown>>>;

/** A RecordBatch or a Table of the package apache-arrow. */
export interface ArrowRows {
  readonly schema: { readonly fields: readonly { readonly name: string }[] };
  readonly numRows: number;
}

/** Some rows: columns of arrays, a stream of Arrow IPC, or what the package apache-arrow has of them. */
export type SourceBatch = SourceColumns | Uint8Array | ArrowRows;

/** As the program sees a column: a number is finite and not -0, a Date valid, a text whole. Null is `isNull`. */
export type SourceValue = number | string | boolean | bigint | Date;

/**
 * A column against a value: the column as `schema` types it, where JavaScript's operators take it (texts by UTF-16 code units, Dates by time).
 * Null and NaN meet none of them.
 */
export interface SourceComparison {
  readonly column: string;
  readonly op: "eq" | "lt" | "lte" | "gt" | "gte";
  readonly value: SourceValue;
}

/** What one column must be in a row that the program wants. */
export type SourceCondition =
  | SourceComparison
  /** It equals one of the values, of which there is one at least. */
  | { readonly column: string; readonly op: "in"; readonly values: readonly SourceValue[] }
  | { readonly column: string; readonly op: "isNull" }
  | { readonly column: string; readonly op: "isNotNull" };

/**
 * Conditions that all hold for every row that the program wants: others may be left out. They need not be, since the program filters the rows that
 * come. What cannot be said so is not in it (an `or`, a function of a column), and it is empty under plain Node, which reads before the program filters.
 */
export type SourceFilter = readonly SourceCondition[];

export interface SourceRequest {
  /** The columns that the program uses, one at least; others may be left out of the batches. */
  readonly columns: readonly string[];
  /** Rows that may be left out. It is the one that `chunks` got. */
  readonly filter: SourceFilter;
  /** Aborted when the rank stops reading, at the end or because a chunk has failed: for requests that still run then. */
  readonly signal: AbortSignal;
}

/** How rows come of somewhere, in parts that ranks read side by side. Every method gets the options that the program gives. */
export interface SourceDefinition<Options, Chunk> {
  /** As messages call it. */
  readonly name: string;
  /** Seconds for which a promise of the source may stay open; after that the read fails: 600. */
  readonly timeout?: number;
  /** Asked once, on rank 0. */
  schema(options: Options): SourceSchema | Promise<SourceSchema>;
  /**
   * What there is to read, in the table's order: plain data, a part each that somebody can read alone (a page, a day, a range of ids).
   * Asked once, on rank 0, which tells the others. Parts are dealt over the ranks, neighbours together. Those of which `filter` wants no row may be left out.
   */
  chunks(options: Options, request: Pick<SourceRequest, "filter">): readonly Chunk[] | Promise<readonly Chunk[]>;
  /** The rows of a chunk, in order. Called on the rank that has it, for one of its chunks after another. */
  read(chunk: Chunk, options: Options, request: SourceRequest): AsyncIterable<SourceBatch> | Iterable<SourceBatch>;
}

/** A source with its options: what `readSource` reads. */
export interface Source {
  readonly definition: SourceDefinition<unknown, unknown>;
  readonly options: unknown;
}

/** See `defineSource` of the package. */
export function defineSource<Options, Chunk>(definition: SourceDefinition<Options, Chunk>): (options: Options) => Source {
  return (options) => ({ definition: definition as SourceDefinition<unknown, unknown>, options });
}

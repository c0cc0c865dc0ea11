/**
 * A table a step at a time: `for await (const batch of rows.batches({ rows: 1000, shuffle: epoch }))`, for training a model.
 *
 * A step has as many rows however many ranks there are, each with its part of them; what ranks compute of their parts they put together
 * by `allreduce`. There are as many steps on every rank, whose part of one may be empty.
 */
import { LockstepError } from "../errors/index.ts";
import { recordsOf } from "./record.ts";
import { columnNamed, type Columns } from "./row.ts";
import type { ColumnName } from "./types.ts";

/** The names of columns of numbers (nullable or not) and of booleans. */
export type NumericName<Row> = { [K in ColumnName<Row>]: Row[K] extends number | boolean | null | undefined ? K : never }[ColumnName<Row>];

/** The rows of one step that this rank has. */
export class Batch<Row> {
  /** Which step, from 0. */
  readonly step: number;
  /** How many rows this rank has of it. */
  readonly rows: number;
  readonly #columns: Columns;
  readonly #first: number;

  /** For `batches`: so many rows of these columns, from `first`. */
  constructor(step: number, columns: Columns, first: number, rows: number) {
    this.step = step;
    this.rows = rows;
    this.#columns = columns;
    this.#first = first;
  }

  /** A column of numbers or booleans (0 and 1) as a fresh typed array; NaN where it is null. LS2016 for others. */
  numbers(column: NumericName<Row>): Float64Array {
    return this.matrix([column]);
  }

  /** Columns of numbers or booleans, row by row: `rows × columns.length` numbers, that of column c of row r at `r * columns.length + c`. */
  matrix(columns: readonly NumericName<Row>[]): Float64Array {
    const numbers = new Float64Array(this.rows * columns.length);
    for (const [place, name] of columns.entries()) {
      const { view, at } = columnNamed(this.#columns, name);
      if (view !== "number" && view !== "boolean") {
        throw new LockstepError({ code: "LS2016", message: `column "${name}" holds no numbers`, fix: `Take its values: batch.values("${name}"), or derive a number from it.` });
      }
      for (let row = 0; row < this.rows; row++) {
        const value = at(this.#first + row);
        numbers[row * columns.length + place] = value === null ? NaN : Number(value);
      }
    }
    return numbers;
  }

  /** The values of a column. */
  values<C extends ColumnName<Row>>(column: C): Row[C][] {
    const { at } = columnNamed(this.#columns, column);
    return Array.from({ length: this.rows }, (_, row) => at(this.#first + row) as Row[C]);
  }

  /** The rows as objects. */
  objects(): Row[] {
    const at = recordsOf([...this.#columns].map(([name, column]) => [name, column.at] as const)) as (row: number) => Row;
    return Array.from({ length: this.rows }, (_, row) => at(this.#first + row));
  }
}

/** The steps, once: another pass asks `batches` again, with another order if it likes. */
export class Batches<Row> implements AsyncIterable<Batch<Row>> {
  /** How many steps there are, the same on every rank. */
  readonly steps: number;
  /** Rows of the whole table. */
  readonly rows: number;
  #read: (() => AsyncIterator<Batch<Row>>) | undefined;

  /** For `batches`: a table of so many `rows`, `step` at a time. */
  constructor(rows: number, step: number, read: (steps: number) => AsyncIterator<Batch<Row>>) {
    this.rows = rows;
    this.steps = Math.ceil(rows / step);
    this.#read = () => read(this.steps);
  }

  /** LS2016 the second time. */
  [Symbol.asyncIterator](): AsyncIterator<Batch<Row>> {
    const read = this.#read;
    if (!read) throw new LockstepError({ code: "LS2016", message: "these batches have been read already", fix: "Call batches() again for another pass." });
    this.#read = undefined;
    return read();
  }
}

/** The steps of a table in one process. */
export function batchesOf<Row>(columns: Columns, rows: number, step: number): Batches<Row> {
  return new Batches(rows, step, async function* (steps) {
    for (let n = 0; n < steps; n++) yield new Batch<Row>(n, columns, n * step, Math.min(step, rows - n * step));
  });
}

import { LockstepError } from "../errors/index.ts";
import { aggregate, type Aggregation, type Evaluate } from "./aggregate.ts";
import { arquero, type ArqueroTable } from "./arquero.ts";
import { float64, int64, printType } from "./arrow-type.ts";
import type { Binning } from "./bins.ts";
import { Column, type Rows, type Stored } from "./column.ts";
import { inferColumn } from "./infer.ts";
import { framesOf, type Frames } from "./frames.ts";
import type { KeyCodes } from "./keys.ts";
import type { Frame } from "./rolling.ts";
import type { WindowCall, WindowName } from "./window-functions.ts";

/** What window functions see: the groups of a table's rows (one, without groupby), in table order. */
export interface Windowed {
  readonly groups: KeyCodes;
  /** The same number for rows that the last orderby found equal; undefined where no sort is in force. */
  readonly peers: Int32Array | undefined;
}

/** A window function's column: Arquero's functions over row numbers, whose values are then gathered. */
export function windowColumn(name: string, call: Extract<WindowCall, { function: unknown }>, argument: Column | undefined, windowed: Windowed): Column {
  const { function: fn, parameters, frame } = call;
  const rows = windowed.groups.codes.length;
  const numbers = Int32Array.from({ length: rows }, (_, i) => i);
  if (argument === undefined) {
    const values = evaluate(windowed, numbers, fn, parameters, frame);
    return new Column(measured.has(fn) ? float64 : int64, rows, values);
  }
  const chosen = chooses[fn]!(argument, numbers, parameters);
  const found = Int32Array.from(evaluate(windowed, chosen.rows, fn, chosen.parameters, frame), (row) => (row as number | null) ?? -1);
  if (chosen.otherwise === undefined || parameters.length <= chosen.otherwise) return argument.take(found);
  const otherwise = parameters[chosen.otherwise];
  return inferColumn(Array.from(found, (row) => (row < 0 ? otherwise : argument.at(row))), `the column "${name}"`);
}

/** Ordinals that are no whole numbers. */
const measured: ReadonlySet<WindowName> = new Set(["avg_rank", "percent_rank", "cume_dist"]);

interface Choice {
  /** The numbers of the rows that may be chosen; null for the others. */
  readonly rows: ArrayLike<number | null>;
  readonly parameters: readonly unknown[];
  /** Which of the program's parameters is the default value. */
  readonly otherwise?: number;
}

/** How each function is asked which row's value it gives: -1 stands for the default value. */
const chooses: Readonly<Partial<Record<WindowName, (argument: Column, numbers: Rows, parameters: readonly unknown[]) => Choice>>> = {
  lag: (_, rows, [offset = 1]) => ({ rows, parameters: [offset, -1], otherwise: 1 }),
  lead: (_, rows, [offset = 1]) => ({ rows, parameters: [offset, -1], otherwise: 1 }),
  first_value: (_, rows) => ({ rows, parameters: [] }),
  last_value: (_, rows) => ({ rows, parameters: [] }),
  nth_value: (_, rows, [n]) => ({ rows, parameters: [n] }),
  fill_down: (argument, rows) => ({ rows: valid(argument, rows), parameters: [-1], otherwise: 0 }),
  fill_up: (argument, rows) => ({ rows: valid(argument, rows), parameters: [-1], otherwise: 0 }),
};

const valid = ({ values }: Column, rows: Rows): (number | null)[] => Array.from(rows, (row) => (values[row] === null || values[row] !== values[row] ? null : row));

function evaluate(windowed: Windowed, rows: ArrayLike<number | null>, fn: WindowName, parameters: readonly unknown[], frame: Frame | undefined): (number | null)[] {
  const aq = arquero();
  const call = aq.op[fn]!(...(fn in chooses ? ["row"] : []), ...parameters);
  const { groups: { codes, first }, peers } = windowed;
  const grouped = aq.table([["row", rows]]).create({ groups: { keys: codes, rows: [...first], size: first.length, names: [], get: [] } });
  const values = ordered(grouped, peers).derive({ value: rolling(call, frame) }).data()["value"]!;
  return Array.from({ length: rows.length }, (_, i) => (values.at(i) as number | undefined) ?? null);
}

/** The rows stand in order already: Arquero is told which of them are equal in it. */
function ordered(table: ArqueroTable, peers: Int32Array | undefined): ArqueroTable {
  return peers === undefined ? table : table.create({ order: (a: number, b: number): number => peers[a]! - peers[b]! });
}

const rolling = (call: unknown, frame: Frame | undefined): unknown =>
  frame?.kind === "rows" ? arquero().rolling(call, [frame.start, frame.end], frame.peers) : call;

/** An aggregate of each row's frame; without a frame, of its group. */
export function aggregateColumn(aggregation: Omit<Aggregation, "name">, frame: Frame | undefined, windowed: Windowed, on: Column | undefined): Column {
  const { groups, peers } = windowed;
  /** Of some rows, all by default. */
  const of = (of: KeyCodes, rows?: Rows): Column => {
    const { argument, other } = aggregation;
    return aggregate([{ ...aggregation, name: "", ...(rows && { argument: argument?.take(rows), other: other?.take(rows) }) }], of)[0]![1];
  };
  const isWhole = frame === undefined || (frame.kind === "rows" && frame.start === -Infinity && frame.end === Infinity);
  if (isWhole) return of(groups).take(Int32Array.from(groups.codes));
  if (frame.kind === "rows" && frame.start === -Infinity) {
    // Values are only added, never taken back, so that this is what a rollup of the frame's rows gives.
    const rolled: Evaluate = (table, values) => ordered(table, peers).derive(Object.fromEntries(Object.entries(values).map(([name, value]) => [name, rolling(value, frame)])));
    return aggregate([{ ...aggregation, name: "" }], groups, rolled)[0]![1];
  }
  if (on !== undefined && on.view !== "number" && on.view !== "date") {
    throw new LockstepError({ code: "LS2016", message: `rolling: \`on\` is a column of dates or numbers, and ${on.origin ?? "the column"} is ${printType(on.type)}` });
  }
  return expanded(framesOf(frame, windowed, on), of);
}

/** The lower boundary of each row's bin, of the bins of its group; so many bins further up. */
export function binColumn(column: Column, binning: Binning, offset: number, windowed: Windowed): Column {
  const bins = aggregateColumn({ aggregate: "bins", argument: column, binning }, undefined, windowed, undefined);
  const bin = arquero().op["bin"]!;
  const boundary = (row: number): Stored => bin(column.at(row), ...(bins.at(row) as number[]), offset) as Stored;
  return new Column(float64, column.length, Array.from({ length: column.length }, (_, row) => boundary(row)));
}

/** Rows that a piece of the expansion has at most. */
const pieceRows = 1 << 20;

/** Every frame's rows written out as a group of their own: any aggregate has its answer, and no value is ever taken back. */
function expanded({ rows, from, to, members }: Frames, of: (groups: KeyCodes, rows: Rows) => Column): Column {
  const values = new Array<Stored>(rows.length);
  let shape: Column | undefined;
  for (let start = 0; start < rows.length; ) {
    let [end, total] = [start, 0];
    while (end < rows.length && (end === start || total + to[end]! - from[end]! <= pieceRows)) {
      total += to[end]! - from[end]!;
      end++;
    }
    const taken = new Int32Array(total);
    const codes = new Uint32Array(total);
    const first = new Int32Array(end - start);
    let at = 0;
    for (let i = start; i < end; i++) {
      first[i - start] = at;
      const frame = members.slice(from[i], to[i]).sort();
      taken.set(frame, at);
      codes.fill(i - start, at, at + frame.length);
      at += frame.length;
    }
    shape = of({ codes, first }, taken);
    for (let i = start; i < end; i++) values[rows[i]!] = shape.values[i - start]!;
    start = end;
  }
  const { type, view } = shape ?? of({ codes: new Uint32Array(), first: new Int32Array() }, new Int32Array());
  return new Column(type, rows.length, values, { view });
}

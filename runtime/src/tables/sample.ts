import { LockstepError } from "../errors/index.ts";
import type { Rows } from "./column.ts";
import type { KeyCodes } from "./keys.ts";
import type { NameOf } from "./op.ts";

interface Choosing {
  /** A row may be chosen more than once: false by default. */
  readonly replace?: boolean;
  readonly weight?: never;
}

interface Weighted<Row> {
  /** A column, or a function of the row: rows are chosen in proportion to it, those of no more than 0 last. Not together with `replace`. */
  readonly weight: NameOf<Row, number> | ((d: Readonly<Row>) => number | null | undefined);
  readonly replace?: false;
}

interface Placing {
  /** The sample is in random order (the default), or in that of the table. */
  readonly shuffle?: boolean;
  /** Another whole number gives another sample: 0 by default. */
  readonly seed?: number;
}

export type SampleOptions<Row = any> = Placing & (Choosing | Weighted<Row>);

/** LS2016 for a size or a seed that is no whole number, and for weights with replacement. */
export function checkSample(size: unknown, { seed = 0, weight, replace }: SampleOptions): void {
  if (weight !== undefined && replace) throw new LockstepError({ code: "LS2016", message: "sample: rows are drawn by weight without replacement", fix: "Leave out replace, or weight." });
  if (Number.isSafeInteger(size) && (size as number) >= 0 && Number.isSafeInteger(seed)) return;
  throw new LockstepError({ code: "LS2016", message: Number.isSafeInteger(seed) ? `sample takes a number of rows, 0 or more, not ${String(size)}` : `sample: the seed is a whole number, not ${String(seed)}` });
}

/** Of several sequences of random numbers the ranks compute the same: of rows, of draws, and of the places of what is drawn. */
export function seeds(seed: number): readonly [rows: number, draws: number, places: number] {
  const all = seed ^ mixed(Math.trunc(seed / 2 ** 32));
  return [mixed(all), mixed(all ^ 0x2545f491), mixed(all ^ 0x6c078965)];
}

/** Numbers from 0 to 1 that look random, of 53 bits: of each number `n` (and, of several sequences, `of`) always the same. */
export function randomOf(seed: number, n: number, of = 0): number {
  const high = mixed(mixed(seed ^ n) + mixed(of) + Math.floor(n / 2 ** 32));
  const low = mixed(high ^ 0x5bd1e995);
  return ((high >>> 0) * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

/** MurmurHash3's finalizer: every bit of the result depends on every bit of the number's low 32. */
function mixed(n: number): number {
  let h = n ^ (n >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** Efraimidis and Spirakis, Weighted random sampling with a reservoir (2006), as Arquero: the least of these are chosen. */
const weighted = (random: number, weight: unknown): number => (typeof weight === "number" && weight > 0 ? -Math.log(random) / weight : Infinity);

/** Two infinite ones are equal. */
const compare = (a: number, b: number): number => (a === b ? 0 : a - b);

/** The rows of a sample, of each group as many. */
export function sampledRows({ codes, first }: KeyCodes, size: number, options: SampleOptions, weights?: readonly unknown[]): Rows {
  const { replace = false, shuffle = true, seed = 0 } = options;
  const [ofRows, ofDraws, ofPlaces] = seeds(seed);
  const groups = Array.from(first, (): number[] => []);
  codes.forEach((code, row) => groups[code]!.push(row));
  const chosen = groups.flatMap((rows, code): { row: number; at: number }[] => {
    if (rows.length === 0) return [];
    if (replace) {
      const group = first[code]! + 1;
      return Array.from({ length: size }, (_, n) => ({ row: rows[Math.floor(randomOf(ofDraws, n, group) * rows.length)]!, at: randomOf(ofPlaces, n, group) }));
    }
    const key = (row: number) => (weights ? weighted(randomOf(ofRows, row + 1), weights[row]) : randomOf(ofRows, row + 1));
    const least = rows.map((row) => ({ row, at: key(row) })).sort((a, b) => compare(a.at, b.at)).slice(0, size);
    return weights ? least.map(({ row }) => ({ row, at: randomOf(ofPlaces, row + 1) })) : least;
  });
  return Int32Array.from(chosen.sort((a, b) => (shuffle ? a.at - b.at : a.row - b.row)), ({ row }) => row);
}

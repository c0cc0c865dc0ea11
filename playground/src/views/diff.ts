/** The difference of two printed programs: lines by their instruction, changed lines by their words. */

export interface Piece {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
}

/** A line of the later program, or one that only the earlier has. */
export interface DiffLine {
  readonly kind: "same" | "added" | "removed" | "changed";
  readonly pieces: readonly Piece[];
}

/** Differences by what was and what is: a line that differs as before is the same object, made once. */
export type Known = Map<string, DiffLine>;

export function diffLines(before: string, after: string, known: Known = new Map()): DiffLine[] {
  const [old, fresh] = [before === "" ? [] : before.split("\n"), after === "" ? [] : after.split("\n")];
  const made: Known = new Map();
  const lines = aligned(old, fresh, lineKey).map(([was, is]) => {
    const key = JSON.stringify([was, is]);
    const line = known.get(key) ?? made.get(key) ?? diffLine(was, is);
    made.set(key, line);
    return line;
  });
  known.clear();
  for (const [key, line] of made) known.set(key, line);
  return lines;
}

function diffLine(was: string | undefined, is: string | undefined): DiffLine {
  if (was === undefined) return { kind: "added", pieces: [{ kind: "added", text: is! }] };
  if (is === undefined) return { kind: "removed", pieces: [{ kind: "removed", text: was }] };
  if (was === is) return { kind: "same", pieces: [{ kind: "same", text: is }] };
  return { kind: "changed", pieces: diffWords(was, is) };
}

/** An instruction keeps its number and operator over the passes; other lines are what they say. */
const lineKey = (line: string): string => /^\s*%\d+ = \w+/.exec(line)?.[0] ?? line;

function diffWords(before: string, after: string): Piece[] {
  const words = (text: string) => text.match(/\s+|[\w$.]+|[^\w\s]/g) ?? [];
  const pieces: { kind: Piece["kind"]; text: string }[] = [];
  for (const [was, is] of aligned(words(before), words(after), (word) => word)) {
    const kind = was === undefined ? "added" : is === undefined ? "removed" : "same";
    const last = pieces.at(-1);
    if (last?.kind === kind) last.text += is ?? was;
    else pieces.push({ kind, text: (is ?? was)! });
  }
  return pieces;
}

type Pair = [before: string | undefined, after: string | undefined];

/** Cells of the table that finds the longest common subsequence; past them the first that fits is taken. */
const MOST_CELLS = 1_000_000;

/** Pairs of equal keys, and what stands alone; removed before added. */
function aligned(before: readonly string[], after: readonly string[], key: (item: string) => string): Pair[] {
  const [a, b] = [before.map(key), after.map(key)];
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start++;
  let tail = 0;
  while (tail < shorter - start && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const [aEnd, bEnd] = [a.length - tail, b.length - tail];
  const matches = (aEnd - start) * (bEnd - start) > MOST_CELLS ? firstMatches : longestMatches;
  const pairs = Array.from({ length: start }, (_, n): Pair => [before[n], after[n]]);
  let [i, j] = [start, start];
  for (const [p, q] of [...matches(a.slice(start, aEnd), b.slice(start, bEnd)), [aEnd - start, bEnd - start] as const]) {
    while (i < start + p) pairs.push([before[i++], undefined]);
    while (j < start + q) pairs.push([undefined, after[j++]]);
    if (i < aEnd && j < bEnd) pairs.push([before[i++], after[j++]]);
  }
  for (; i < a.length; i++, j++) pairs.push([before[i], after[j]]);
  return pairs;
}

/** Places of a longest common subsequence. */
function longestMatches(a: readonly string[], b: readonly string[]): [number, number][] {
  // lengths[i][j]: of the common subsequence of a[i…] and b[j…].
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) lengths[i]![j] = a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  }
  const matches: [number, number][] = [];
  for (let [i, j] = [0, 0]; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) matches.push([i++, j++]);
    else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) i++;
    else j++;
  }
  return matches;
}

/** Places of a common subsequence: each of `b` beside the next equal one. */
function firstMatches(a: readonly string[], b: readonly string[]): [number, number][] {
  // The last place first.
  const places = Map.groupBy([...a.keys()].reverse(), (i) => a[i]!);
  const matches: [number, number][] = [];
  let next = 0;
  b.forEach((key, j) => {
    const at = places.get(key) ?? [];
    while (at.length > 0 && at.at(-1)! < next) at.pop();
    const found = at.pop();
    if (found === undefined) return;
    matches.push([found, j]);
    next = found + 1;
  });
  return matches;
}

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

export function diffLines(before: string, after: string): DiffLine[] {
  const [old, fresh] = [before === "" ? [] : before.split("\n"), after === "" ? [] : after.split("\n")];
  return aligned(old, fresh, lineKey).map(([was, is]): DiffLine => {
    if (was === undefined) return { kind: "added", pieces: [{ kind: "added", text: is! }] };
    if (is === undefined) return { kind: "removed", pieces: [{ kind: "removed", text: was }] };
    if (was === is) return { kind: "same", pieces: [{ kind: "same", text: is }] };
    return { kind: "changed", pieces: diffWords(was, is) };
  });
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

/** Pairs of equal keys along a longest common subsequence, and what stands alone; removed before added. */
function aligned(before: readonly string[], after: readonly string[], key: (item: string) => string): [string | undefined, string | undefined][] {
  const [a, b] = [before.map(key), after.map(key)];
  // lengths[i][j]: of the common subsequence of a[i…] and b[j…].
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) lengths[i]![j] = a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
  }
  const pairs: [string | undefined, string | undefined][] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) pairs.push([before[i++], after[j++]]);
    else if (i < a.length && (j === b.length || lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) pairs.push([before[i++], undefined]);
    else pairs.push([undefined, after[j++]]);
  }
  return pairs;
}

/** `; did you mean "a" or "b"?`: at most three candidates that a typing mistake could have turned into what was written; or nothing. */
export function didYouMean(written: string, candidates: Iterable<string>): string {
  const limit = Math.max(1, Math.floor([...written].length / 3));
  const near = [...candidates].map((name) => ({ name, distance: editDistance(written.toLowerCase(), name.toLowerCase()) })).filter(({ distance }) => distance <= limit);
  const nearest = Math.min(...near.map(({ distance }) => distance));
  const names = near.filter(({ distance }) => distance === nearest).map(({ name }) => `"${name}"`).sort();
  return names.length === 0 ? "" : `; did you mean ${names.slice(0, 3).join(" or ")}?`;
}

/** Edits between two words: insert, delete, replace, swap of neighbours. */
function editDistance(a: string, b: string): number {
  const [from, to] = [[...a], [...b]];
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const edit = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1));
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      next.push(swapped ? Math.min(edit, before[j - 2]! + 1) : edit);
    }
    [before, row] = [row, next];
  }
  return row[to.length]!;
}

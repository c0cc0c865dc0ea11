/** The candidate a misspelt `name` most likely meant; null when none is near. */
export function closest(name: string, candidates: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.max(1, Math.floor(name.length * 0.4)) + 1;
  for (const candidate of candidates) {
    // Of a name of one or two letters any other is near: one of them has to begin with the other.
    if (name.length <= 2 && !begins(name, candidate) && !begins(candidate, name)) continue;
    const distance = plain(name) === plain(candidate) ? 0.5 : isShort(name, candidate) ? Math.min(1.5, edits(name, candidate)) : edits(name, candidate);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** `sort_by` is `sortBy`. */
const plain = (name: string): string => name.replaceAll("_", "").toLowerCase();

/** `cnt` for `count`: its first letter, and others in their order. */
function isShort(name: string, of: string): boolean {
  if (name.length < 3 || name.length * 2 < of.length || name[0] !== of[0]) return false;
  let at = 0;
  for (const letter of of) if (letter === name[at]) at++;
  return at === name.length;
}

const begins = (a: string, b: string): boolean => b.toLowerCase().startsWith(a.toLowerCase());

/** Damerau–Levenshtein (optimal string alignment): a swap of neighbours is one edit. */
function edits(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, rows[i - 2]![j - 2]! + 1);
      row.push(d);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

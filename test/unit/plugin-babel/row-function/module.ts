/** What the row functions of the tests see besides their row. */
export const captured = { rate: 1.5, label: "x", limit: 3, missing: null, absent: undefined };

/** Lists of the enclosing function. */
export const lists = { picks: [1, 5, NaN, 20], words: ["a", "abc"], maybe: [3, null], wanted: new Set(["a", "b"]) };

export const helpers = `
  export function bucket(hour: number): string {
    if (hour >= 8 && hour <= 10) return "morning";
    if (hour >= 11 && hour <= 15) return "midday";
    return "other";
  }
  const clamp = (x: number, low = 0, high = 10): number => Math.min(Math.max(x, low), high);
  function grade(x: number): string {
    switch (true) { default: { let g; if (x > 10) g = "A"; else if (x > 5) { g = "B"; } else g = "C"; return g; } }
  }
  const zone = ({ s, n }: { s: string; n: number }, prefix: string) => prefix + s + n;
  function kind(s: string): number { switch (s) { case "a": case "b": return 1; case "abc": { const x = 2; return x; } default: return 3; } }
  const RATES = { a: 1, b: 2.5, "10": 4 };
  const WORDS = ["a", "b", "abc"];
  const SEEN = new Set([1, 2, NaN]);
  const STEPS: [number, string][] = [[1, "low"], [10, "mid"], [40, "high"]];
  const BANDS = [{ max: 5, name: "low" }, { max: 20, name: "mid" }];
  const LETTER = "a", EMPTY = "";
  const LIMITS = { low: { value: 2 }, list: [5, 6, 7] };
`;

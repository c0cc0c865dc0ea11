/** Highlighted lines of code, made anew at every keystroke: only what changed is parsed, and an unchanged line is the same object. */
import { TreeFragment, type Tree } from "@lezer/common";
import { classHighlighter, highlightCode } from "@lezer/highlight";
import { parser } from "@lezer/javascript";

export interface Token {
  readonly text: string;
  readonly classes: string;
}

export interface HighlightedLine {
  readonly tokens: readonly Token[];
  /** Equal for equal tokens. */
  readonly key: string;
}

export interface Highlighted {
  readonly code: string;
  readonly tree: Tree;
  readonly lines: readonly HighlightedLine[];
}

const typescript = parser.configure({ dialect: "ts" });

export function highlighted(code: string, before: Highlighted | null): Highlighted {
  const tree = typescript.parse(code, before ? unchanged(before, code) : []);
  const known = new Map(before?.lines.map((line) => [line.key, line]));
  const lines: HighlightedLine[] = [];
  let tokens: Token[] = [];
  const end = () => {
    const key = tokens.map(({ text, classes }) => `${classes}\t${text}`).join("\n");
    lines.push(known.get(key) ?? { tokens, key });
    tokens = [];
  };
  highlightCode(code, tree, classHighlighter, (text, classes) => void tokens.push({ text, classes }), end);
  end();
  return { code, tree, lines };
}

interface Change {
  readonly fromA: number;
  readonly toA: number;
  readonly fromB: number;
  readonly toB: number;
}

const unchanged = ({ code, tree }: Highlighted, after: string): readonly TreeFragment[] => TreeFragment.applyChanges(TreeFragment.addTree(tree), changesOf(code, after));

/** Line by line where there are as many as before: one edit of the source changes several places of the output. Else one stretch. */
function changesOf(before: string, after: string): Change[] {
  const [old, fresh] = [before.split("\n"), after.split("\n")];
  if (old.length !== fresh.length) return [stretchOf(before, after)];
  const changes: Change[] = [];
  let [a, b] = [0, 0];
  for (const [n, line] of old.entries()) {
    const now = fresh[n]!;
    if (line !== now) changes.push({ fromA: a, toA: a + line.length, fromB: b, toB: b + now.length });
    a += line.length + 1;
    b += now.length + 1;
  }
  return changes;
}

/** Between what is equal at both ends. */
function stretchOf(before: string, after: string): Change {
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from++;
  let tail = 0;
  while (tail < shorter - from && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return { fromA: from, toA: before.length - tail, fromB: from, toB: after.length - tail };
}

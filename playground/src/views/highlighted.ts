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

/** What stands before and after the change. */
function unchanged({ code, tree }: Highlighted, after: string): readonly TreeFragment[] {
  const shorter = Math.min(code.length, after.length);
  let from = 0;
  while (from < shorter && code[from] === after[from]) from++;
  let tail = 0;
  while (tail < shorter - from && code.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return TreeFragment.applyChanges(TreeFragment.addTree(tree), [{ fromA: from, toA: code.length - tail, fromB: from, toB: after.length - tail }]);
}

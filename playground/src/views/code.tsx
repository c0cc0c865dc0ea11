/** Code that is read, not written: highlighted lines that know their line of the source. */
import type { VNode } from "preact";
import { memo } from "preact/compat";
import { useLayoutEffect, useRef } from "preact/hooks";
import { shownFile } from "../state/compiled.ts";
import { pointed, reveal, shownLine } from "../state/focus.ts";
import { highlighted, type Highlighted, type HighlightedLine } from "./highlighted.ts";

/** Lines of a part, and the height of a line in pixels: the style sheet has both. */
const PART = 10;
const LINE = 20;

interface CodeProps {
  readonly code: string;
  /** The source line of each line, from 0; undefined where it has none. */
  readonly sourceLines?: readonly (number | undefined)[];
  readonly label: string;
  /** The first line like this is scrolled to at first: what stands before it is read less often. */
  readonly startAt?: RegExp | undefined;
}

export function Code({ code, sourceLines = [], label, startAt }: CodeProps) {
  const last = useRef<Highlighted | null>(null);
  if (last.current?.code !== code) last.current = highlighted(code, last.current);
  const box = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => {
    const first = startAt ? code.split("\n").findIndex((line) => startAt.test(line)) : -1;
    if (first >= 0) box.current!.scrollTop = first * LINE;
  }, []);
  const at = shownLine.value;
  const { lines } = last.current;
  const parts = Array.from({ length: Math.ceil(lines.length / PART) }, (_, n) => n * PART).map((from) => ({ from, lines: lines.slice(from, from + PART), sources: sourceLines.slice(from, from + PART) }));
  return (
    <pre
      class="code" ref={box} tabIndex={0} role="region" aria-label={label}
      onMouseOver={({ target }) => withLine(target, (line) => void (pointed.value = { path: shownFile.value, line, from: "view" }))}
      onClick={({ target }) => withLine(target, (line) => reveal(shownFile.value, line))}
    >
      {parts.map(({ from, lines, sources }) => <Part key={from} first={from} lines={lines} sources={sources} at={at !== null && sources.includes(at) ? at : null} />)}
    </pre>
  );
}

/** One listener serves all lines: there may be thousands. */
function withLine(target: EventTarget | null, act: (line: number) => void): void {
  const line = target instanceof Element ? target.closest<HTMLElement>("[data-line]")?.dataset.line : undefined;
  if (line !== undefined) act(Number(line));
}

interface PartProps {
  /** Index of the first line. */
  readonly first: number;
  readonly lines: readonly HighlightedLine[];
  readonly sources: readonly (number | undefined)[];
  readonly at: number | null;
}

/** A line as it was rendered, and what of. */
interface Rendered {
  readonly line: HighlightedLine;
  readonly source: number | undefined;
  readonly at: boolean;
  readonly element: VNode;
}

const same = <T,>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((item, n) => item === b[n]);

const lineElement = ({ tokens }: HighlightedLine, key: number, number: number, source: number | undefined, at: boolean): VNode => (
  <code key={key} class="code-line" data-number={number} data-line={source} data-at={at ? "" : undefined}>
    {tokens.map(({ text, classes }) => (classes === "" ? text : <span class={classes}>{text}</span>))}
    {"\n"}
  </code>
);

/** Lines that are rendered again only when something about them is another, and laid out only when they come into sight. */
const Part = memo(
  ({ first, lines, sources, at }: PartProps) => {
    const kept = useRef<readonly Rendered[]>([]);
    kept.current = lines.map((line, n) => {
      const [source, here, before] = [sources[n], at !== null && sources[n] === at, kept.current[n]];
      // Of the same element Preact compares nothing.
      if (before?.line === line && before.source === source && before.at === here) return before;
      return { line, source, at: here, element: lineElement(line, n, first + n + 1, source, here) };
    });
    return <div class="code-part">{kept.current.map(({ element }) => element)}</div>;
  },
  (a, b) => a.first === b.first && a.at === b.at && same(a.lines, b.lines) && same(a.sources, b.sources),
);

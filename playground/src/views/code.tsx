/** Code that is read, not written: highlighted lines that know their line of the source. */
import { memo } from "preact/compat";
import { useLayoutEffect, useRef } from "preact/hooks";
import { shownFile } from "../state/compiled.ts";
import { pointed, reveal, shownLine } from "../state/focus.ts";
import { highlighted, type Highlighted, type HighlightedLine } from "./highlighted.ts";

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
    const line = box.current!.children[first];
    if (line instanceof HTMLElement) box.current!.scrollTop = line.offsetTop - box.current!.offsetTop - 8;
  }, []);
  const at = shownLine.value;
  return (
    <pre
      class="code" ref={box} tabIndex={0} role="region" aria-label={label}
      onMouseOver={({ target }) => withLine(target, (line) => void (pointed.value = { path: shownFile.value, line, from: "view" }))}
      onClick={({ target }) => withLine(target, (line) => reveal(shownFile.value, line))}
    >
      {last.current.lines.map((line, index) => <Line key={index} line={line} number={index + 1} from={sourceLines[index]} at={at !== null && sourceLines[index] === at} />)}
    </pre>
  );
}

/** One listener serves all lines: there may be thousands. */
function withLine(target: EventTarget | null, act: (line: number) => void): void {
  const line = target instanceof Element ? target.closest<HTMLElement>("[data-line]")?.dataset.line : undefined;
  if (line !== undefined) act(Number(line));
}

interface LineProps {
  readonly line: HighlightedLine;
  readonly number: number;
  readonly from: number | undefined;
  readonly at: boolean;
}

/** Rendered again only when something about it is another. */
const Line = memo(({ line, number, from, at }: LineProps) => (
  <code class="code-line" data-number={number} data-line={from} data-at={at ? "" : undefined}>
    {line.tokens.map(({ text, classes }) => (classes === "" ? text : <span class={classes}>{text}</span>))}
    {"\n"}
  </code>
));

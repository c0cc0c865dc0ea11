/** Code that is read, not written: highlighted lines that know their line of the source. */
import { parser } from "@lezer/javascript";
import { classHighlighter, highlightCode } from "@lezer/highlight";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { ofLine } from "../state/focus.ts";

interface Token {
  readonly text: string;
  readonly classes: string;
}

const typescript = parser.configure({ dialect: "ts" });

function tokensOf(code: string): Token[][] {
  const lines: Token[][] = [[]];
  highlightCode(code, typescript.parse(code), classHighlighter, (text, classes) => lines.at(-1)!.push({ text, classes }), () => lines.push([]));
  return lines;
}

interface CodeProps {
  readonly code: string;
  /** The source line of each line, from 0; undefined where it has none. */
  readonly sourceLines?: readonly (number | undefined)[];
  readonly label: string;
  /** The first line like this is scrolled to at first: what stands before it is read less often. */
  readonly startAt?: RegExp | undefined;
}

export function Code({ code, sourceLines = [], label, startAt }: CodeProps) {
  const lines = useMemo(() => tokensOf(code), [code]);
  const box = useRef<HTMLPreElement>(null);
  useLayoutEffect(() => {
    const first = startAt ? code.split("\n").findIndex((line) => startAt.test(line)) : -1;
    const line = box.current!.children[first];
    if (line instanceof HTMLElement) box.current!.scrollTop = line.offsetTop - box.current!.offsetTop - 8;
  }, []);
  return (
    <pre class="code" ref={box} tabIndex={0} role="region" aria-label={label}>
      {lines.map((tokens, index) => {
        const from = sourceLines[index];
        return (
          <code key={index} class="code-line" data-number={index + 1} {...(from === undefined ? {} : ofLine(from))}>
            {tokens.map(({ text, classes }) => (classes === "" ? text : <span class={classes}>{text}</span>))}
            {"\n"}
          </code>
        );
      })}
    </pre>
  );
}

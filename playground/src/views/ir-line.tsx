/** A line of printed IR in colours. */
import { memo } from "preact/compat";
import { instructionOf } from "../state/instructions.ts";
import { ofLine } from "../state/focus.ts";
import type { DiffLine, Piece } from "./diff.ts";

const token = /(@\S+:\d+:\d+-\d+:\d+$)|("(?:[^"\\]|\\.)*")|(%\d+)|\b(demanded|declares|pushed|besides|executes|answered|ordered|unordered|frame|column|key|aggregate|predicate|written|on|by|left|right|goto|branch|return|function)\b|\b(number|string|boolean|bigint|date)\b/g;
const classes = ["ir-span", "tok-string", "ir-value", "tok-keyword", "tok-typeName"];

function coloured(text: string) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(token)) {
    if (match.index > end) parts.push(text.slice(end, match.index));
    const kind = match.slice(1).findIndex((group) => group !== undefined);
    parts.push(<span class={classes[kind]!}>{match[0]}</span>);
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

/** Longer stretches without a change are cut: what a pass did is seen at once. */
const LONGEST_SAME = 72;

function pieceOf({ kind, text }: Piece) {
  if (kind === "added") return <ins>{coloured(text)}</ins>;
  if (kind === "removed") return <del>{coloured(text)}</del>;
  if (text.length <= LONGEST_SAME) return coloured(text);
  // Between words.
  const [start, end] = [text.lastIndexOf(" ", 52), text.indexOf(" ", text.length - 26)];
  return [coloured(text.slice(0, start < 0 ? 52 : start)), <span class="elided" title={text}> … </span>, coloured(end < 0 ? text.slice(-26) : text.slice(end + 1))];
}

/** Rendered once for each line, which the next difference has again. */
export const IRLine = memo(({ line: { kind, pieces } }: { line: DiffLine }) => {
  const instruction = instructionOf(pieces.filter((p) => p.kind !== "removed").map((p) => p.text).join(""));
  return (
    <code class={`ir-line ir-${kind}`} {...(instruction ? ofLine(instruction.line, instruction.file) : {})}>
      {kind === "changed" ? pieces.map(pieceOf) : coloured(pieces[0]!.text)}
      {"\n"}
    </code>
  );
});

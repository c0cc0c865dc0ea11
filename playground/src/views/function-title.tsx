import type { ManifestFunction } from "../compile/protocol.ts";
import { ofLine } from "../state/focus.ts";

export function FunctionTitle({ fn }: { fn: ManifestFunction }) {
  return (
    <h2 class="function" {...ofLine(fn.line, fn.file)}>
      {fn.name} <span class="note">{fn.file}:{fn.line}</span>
    </h2>
  );
}

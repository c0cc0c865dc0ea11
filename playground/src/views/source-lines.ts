/** The source line of each line of generated code, from its source map. */
import { decode } from "@jridgewell/sourcemap-codec";

export function sourceLines(map: { readonly mappings: string } | null | undefined): (number | undefined)[] {
  if (!map) return [];
  return decode(map.mappings).map((segments) => {
    const found = segments.find((segment) => segment.length > 1);
    return found === undefined ? undefined : found[2]! + 1;
  });
}

import { useEffect, useState } from "preact/hooks";
import { type Box, type Edge, type Layout, layOut } from "./layout.ts";

/** The layout of a graph, when it is there; the last one meanwhile. */
export function useLayout(boxes: readonly Box[], edges: readonly Edge[]): Layout | null {
  const [layout, setLayout] = useState<Layout | null>(null);
  // By value: views make their lists anew with each answer of the compiler.
  const graph = JSON.stringify([boxes, edges]);
  useEffect(() => {
    let wanted = true;
    void layOut(boxes, edges).then((made) => wanted && setLayout(made));
    return () => void (wanted = false);
  }, [graph]);
  return layout && boxes.every(({ id }) => layout.places.has(id)) ? layout : null;
}

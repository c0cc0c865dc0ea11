import type { ColumnType, Expression } from "@lockstep/native/plan";
import type { TableNode } from "./plan.ts";

/** A table of arrays, the same on every rank. */
export function literalTable(columns: Record<string, readonly unknown[]>, types: ColumnType[], site: string, filter?: Expression): TableNode {
  // Copied now: the program may change its arrays before a plan runs.
  const values = Object.fromEntries(types.map(({ name }) => [name, [...(columns[name] ?? [])]]));
  let dataset: number | undefined;
  return {
    inputs: [],
    async open(call) {
      if (dataset !== undefined) return;
      const { encodeTable } = await import("./encode.ts");
      dataset = await call.collective((engine) => engine.registerTable(encodeTable(values, types, site)));
      call.datasets.push(dataset);
    },
    build: () => ({ op: "scan", dataset: dataset!, columns: types, ...(filter && { filter }), site }),
    ...(!filter && { rows: Object.values(columns)[0]?.length ?? 0 }),
  };
}

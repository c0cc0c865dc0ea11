import type { WrittenColumn } from "../connectors/iceberg/written-columns.ts";
import { typeNamed } from "../tables/arrow-type.ts";
import type { CallContext } from "./context.ts";
import { engineText } from "./engine-text.ts";
import { cutPlan, type TableNode } from "./plan.ts";

/** Collective. The columns of rows that nobody has computed. */
export async function typesOf(call: CallContext, input: TableNode, site: string): Promise<WrittenColumn[]> {
  const seen = engineText(await cutPlan(call, [{ input, build: (id) => ({ op: "count", input: id, site }) }]));
  const columns = JSON.parse(await call.collective((engine) => engine.schemaOf(seen))) as { name: string; type: string }[];
  return columns.map(({ name, type }) => ({ name, type: typeNamed(type) }));
}

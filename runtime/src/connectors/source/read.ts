import { didYouMean, LockstepError } from "../../errors/index.ts";
import { Column, type Stored } from "../../tables/column.ts";
import type { View } from "../../tables/js-view.ts";
import { Table } from "../../tables/table.ts";
import type { StoredRow } from "../../tables/types.ts";
import { checkOptions } from "../options.ts";
import { exactly, viewAs } from "../typed-files.ts";
import { checkSource, planSource, readChunk, typesOfPlan } from "./chunks.ts";
import type { Source } from "./define.ts";

/** Options of {@link readSource}. */
export interface ReadSourceOptions<Row> {
  /** Columns seen otherwise than by default: an int64 column as "bigint". */
  readonly types?: { readonly [K in keyof Row & string]?: "bigint" | "number" | "string" | "boolean" | "date" };
}

/** See `readSource` of the package: all columns of all chunks, one after another. */
export async function readSource<Row extends object = Record<never, never>>(source: Source, options: ReadSourceOptions<Row> = {}): Promise<Table<StoredRow<Row>>> {
  checkOptions("readSource", options);
  checkSource(source);
  const plan = await planSource(source);
  const types = typesOfPlan(plan);
  const views = (options.types ?? {}) as Readonly<Record<string, View | undefined>>;
  const unknown = Object.keys(views).find((name) => !types.has(name));
  if (unknown !== undefined) throw new LockstepError({ code: "LS2002", message: `types: ${source.definition.name} has no column "${unknown}"${didYouMean(unknown, types.keys())}` });
  const values = new Map([...types.keys()].map((name) => [name, [] as Stored[]]));
  const stop = new AbortController();
  let rows = 0;
  try {
    for (const [index, chunk] of plan.chunks.entries()) {
      await readChunk({ source, wanted: types, types, filter: plan.filter, signal: stop.signal }, chunk, index, (columns, count) => {
        rows += count;
        for (const [name, column] of columns) {
          const own = values.get(name)!;
          for (let row = 0; row < count; row++) own.push(column.values[row]!);
        }
      });
    }
  } finally {
    stop.abort();
  }
  const columns = [...types].map(([name, type]): [string, Column] => {
    const origin = `the column "${name}" of ${source.definition.name}`;
    return [name, new Column(type, rows, values.get(name)!, { view: viewAs(Object.hasOwn(views, name) ? views[name] : undefined, type, origin), origin, remedy: exactly(type, name) })];
  });
  return new Table(new Map(columns), rows) as unknown as Table<StoredRow<Row>>;
}

/** Sources of the program on ranks: rank 0 finds out what there is, and each rank reads its own chunks into the engine. */
import { deserialize, serialize } from "node:v8";
import { asked, checkSource, planSource, readChunk, typesOfPlan, type SourcePlan } from "../connectors/source/chunks.ts";
import type { Source } from "../connectors/source/define.ts";
import { LockstepError, partsOf, thrownOf, type Thrown } from "../errors/index.ts";
import { printType, type ArrowType } from "../tables/arrow-type.ts";
import { Column, viewOf } from "../tables/column.ts";
import { toIpc } from "../tables/ipc.ts";
import { markAgreed, onEveryRank } from "./checked.ts";
import type { CallContext } from "./context.ts";
import type { ReaderDescriptor } from "./sources.ts";
import { conditionsOf } from "./source-filter.ts";
import { onFirst } from "./table-outputs.ts";

/** Rows of a chunk at most: its number times this and the row's is where a row stands. */
const rowsOfChunk = 2 ** 31;

/** How a rank's reading has ended. */
type Ended = { readonly rows: number } | { readonly failure: Thrown };

/** Collective. The dataset of a source's rows, its columns, and how many rows there are. LS2002, LS2003, LS2015, LS2016, LS2025. */
export async function openSource(call: CallContext, source: Source, { columns, declared, filter, site }: ReaderDescriptor): Promise<{ dataset: number; schema: { name: string }[]; rows: number }> {
  onEveryRank(() => checkSource(source, site));
  const plan = await onFirst(call, site, () =>
    planSource(source, (types) => {
      checkDeclared(source.definition.name, types, declared, site);
      return filter ? conditionsOf(filter, types, declared) : [];
    }),
  );
  const types = typesOfPlan(plan);
  const wanted = new Map(asked(types, columns.map(({ name }) => name)).map((name) => [name, types.get(name)!]));
  const { engine } = call.world;
  const dataset = engine.beginRows(toIpc(new Map([...wanted].map(([name, type]) => [name, new Column(type, 0, [])]))));
  call.datasets.push(dataset);
  const own = await readOwn(call, source, plan, types, wanted, new Set(declared.filter(({ nullable }) => !nullable).map(({ name }) => name)), dataset).then((rows): Ended => ({ rows }), (error: unknown): Ended => ({ failure: partsOf(error) }));
  const all = call.world.size > 1 ? (await call.collective((it) => it.allgather(serialize(own), site))).map((bytes) => deserialize(bytes) as Ended) : [own];
  const failed = all.find((one) => "failure" in one);
  if (failed) throw markAgreed(at(site, thrownOf((failed as { failure: Thrown }).failure)));
  const rows = all.reduce((sum, one) => sum + (one as { rows: number }).rows, 0);
  engine.endRows(dataset, rows);
  return { dataset, schema: plan.schema.map(([name]) => ({ name })), rows };
}

/** Reads the chunks of this rank, which stand together; they are shared out over its threads in the same way. */
async function readOwn({ world: { rank, size, threads, engine } }: CallContext, source: Source, { chunks, filter }: SourcePlan, types: ReadonlyMap<string, ArrowType>, wanted: ReadonlyMap<string, ArrowType>, never: ReadonlySet<string>, dataset: number): Promise<number> {
  const [from, to] = [rank, rank + 1].map((part) => Math.floor((chunks.length * part) / size)) as [number, number];
  const stop = new AbortController();
  const read = { source, wanted, types, filter, signal: stop.signal, ...(size > 1 && { rank }) };
  let all = 0;
  try {
    for (let index = from; index < to; index++) {
      const part = Math.floor(((index - from) * threads) / (to - from));
      let rows = 0;
      await readChunk(read, chunks[index], index, async (columns, count) => {
        for (const [name, column] of columns) if (never.has(name)) checkNulls(name, column, rows);
        if (rows + count > rowsOfChunk) throw new Error(`a chunk has more than ${rowsOfChunk} rows`);
        await engine.addRows(dataset, part, index * rowsOfChunk + rows, toIpc(columns));
        rows += count;
      });
      all += rows;
    }
  } finally {
    stop.abort();
  }
  return all;
}

function checkNulls(name: string, { values, length }: Column, before: number): void {
  for (let row = 0; row < length; row++) {
    if (values[row] === null) throw new LockstepError({ code: "LS2003", message: `column ${name} is null in row ${before + row}, the interface says it never is; write ${name}: … | null` });
  }
}

/** LS2002 where the interface says another thing than the source. */
function checkDeclared(source: string, types: ReadonlyMap<string, ArrowType>, declared: ReaderDescriptor["declared"], site: string): void {
  const differing = declared.flatMap(({ name, type }) => {
    const found = types.get(name);
    const view = found && viewOf(found);
    if (found && (view === type || (type === "bigint" && found.id === "int"))) return [];
    return [`  ${name}: ${type}, and the source says ${found ? printType(found) : "nothing of it"}`];
  });
  if (differing.length === 0) return;
  const message = `${source} differs from the interface in ${differing.length} ${differing.length === 1 ? "column" : "columns"}\n${differing.join("\n")}`;
  throw new LockstepError({ code: "LS2002", message, site });
}

function at(site: string, error: unknown): unknown {
  return error instanceof LockstepError && error.site === undefined ? new LockstepError({ ...error.toJSON(), site, cause: error }) : error;
}

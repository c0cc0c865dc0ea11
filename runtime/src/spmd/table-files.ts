/** Some of a table's data files as a table: what is done to an Iceberg table file by file. */
import type { ColumnType, Expression, JsType } from "@lockstep/native/plan";
import type { DataFile } from "../connectors/iceberg/manifests.ts";
import type { IcebergTable } from "../connectors/iceberg/table.ts";
import { partsOf } from "../connectors/iceberg/metadata.ts";
import { arrowTypeOf } from "../connectors/iceberg/types.ts";
import { isCarried, isNested, printType, typeNamed } from "../tables/arrow-type.ts";
import { isSeen } from "../tables/js-view.ts";
import { viewOf } from "../tables/column.ts";
import type { CallContext } from "./context.ts";
import { decodeRows } from "./decode.ts";
import { engineText } from "./engine-text.ts";
import { execute } from "./execute.ts";
import { collectLimit } from "./limits.ts";
import type { TableNode } from "./plan.ts";
import { namesIn } from "./sources.ts";
import { SpmdTable } from "./table.ts";

/** The column that says which of the files a row is of. */
export const FILE = " file";
export const fileColumn: ColumnType = { name: FILE, type: "number", nullable: true };

/** No field of a table has it. */
const FILE_ID = -1;

/** A table's columns as requests have them, with what those of lists and structs are made of. */
export function columnsOf({ fields, names }: Pick<IcebergTable, "fields" | "names">): object[] {
  return fields.map((field) => {
    const type = arrowTypeOf(field);
    const isMade = isNested(type) && isCarried(type);
    return { id: field.id, name: field.name, type: isMade ? type.id : printType(type), nullable: !field.required, names: names?.(field.id) ?? null, parts: isMade ? columnsOf({ fields: partsOf(field.type), names }) : [] };
  });
}

/**
 * Collective. Rows of the files that rank 0 has: the columns asked for, or all with those of them that are given, and {@link FILE}, the number of a row's
 * file among `files`, or of its unit: those of one stand together, and are read by one partition.
 */
export async function scanFiles(call: CallContext, table: IcebergTable | undefined, files: readonly DataFile[], site: string, asked: { readonly columns: readonly ColumnType[]; readonly all?: true; readonly filter?: Expression; readonly units?: readonly number[] }): Promise<SpmdTable> {
  const { units } = asked;
  const numbered = files.map((file, number) => ({ ...file, ...(units && { unit: units[number] }), constants: { ...file.constants, [FILE_ID]: { Integer: String(units?.[number] ?? number) } } }));
  const column = { id: FILE_ID, name: FILE, type: "int32", nullable: false, names: [] };
  const request = table ? engineText({ table: table.name, columns: [...columnsOf(table), column], files: numbered, deletes: table.deletes, declared: asked.columns, store: table.store, site }) : engineText({ site });
  const { dataset, schema } = JSON.parse(await call.collective((engine) => engine.openIceberg(request))) as { dataset: number; schema: readonly { name: string; type: string }[] };
  call.datasets.push(dataset);
  const columns = asked.all ? schema.map(({ name, type }): ColumnType => asked.columns.find((known) => known.name === name) ?? { name, type: seenAs(type), nullable: true }) : [...asked.columns, fileColumn];
  const { filter } = asked;
  return new SpmdTable({ inputs: [], build: () => ({ op: "scan", dataset, columns, ...(filter && { filter }), site }) });
}

/** Of what no program looks at, anything. */
function seenAs(type: string): JsType {
  const view = viewOf(typeNamed(type));
  return isSeen(view) ? (view as JsType) : "string";
}

/** Rank 0: the files that a filter can match, as the manifests' bounds tell. */
export function filesMatching(call: CallContext, table: Pick<IcebergTable, "name" | "fields" | "names" | "store">, files: readonly DataFile[], filter: Expression): DataFile[] {
  const request = engineText({ table: table.name, columns: columnsOf(table), files, declared: [], filter, store: table.store });
  return call.world.engine.pruneIceberg(request).map((index) => files[index]!);
}

/** Collective, within an operation of the call. A few rows on every rank. */
export async function rowsAt(call: CallContext, table: SpmdTable, columns: readonly ColumnType[], site: string): Promise<Record<string, unknown>[]> {
  const [sink] = await execute(call, [{ input: table.node, build: (id) => ({ op: "collect", input: id, limit: collectLimit(), everywhere: true, site }) }]);
  return decodeRows(sink!.ipc ?? undefined, columns, site);
}

export const negated = (predicate: Expression): Expression => ({ kind: "call", function: "not", args: [predicate], type: "boolean" });

export const columnOf = (name: string, type: JsType): Expression => ({ kind: "column", name, type });

export const kept = (table: SpmdTable, names: readonly string[], site: string): SpmdTable => table.select({ site, columns: names.map((name) => ({ from: name, as: name })) });

export { namesIn, type TableNode };

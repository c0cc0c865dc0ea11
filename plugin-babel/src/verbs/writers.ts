/** What brings tables out of the program. Outputs become visible together when the outermost annotated call returns. */
import { allColumns } from "./rules.ts";
import { misspeltColumn } from "../diagnostics/misspelt-column.ts";
import { wrongOption } from "../diagnostics/wrong-option.ts";
import { replicated } from "../ir/distribution.ts";
import { columnOf, type Instruction } from "../ir/ir.ts";
import { isList, isObject, type JsType, printType } from "../ir/types.ts";
import { type Options, optionsOf } from "./options.ts";
import type { Verb } from "./verb.ts";

/** Whether the options as they are written name folders. */
const partitions = (i: Instruction): boolean => /\bpartitionBy\b/.test(i.scalars.options?.source ?? "") && !/\bdistribution: "none"/.test(i.scalars.options!.source);

/** Whether a value that JavaScript sees so is none that a Bloom filter is asked for. */
const hasNone = (js: JsType): boolean => js === "boolean" || isList(js) || isObject(js);

const writer = (name: string, format: string, options: Options): Verb => ({
  name,
  docs: `Writes a folder of ${format} files, one or more a rank, committed together: new, in place of another or added to it (\`mode\`), in folders of their values (\`partitionBy\`), of so many rows (\`fileRows\`); or one file (\`single\`).`,
  example: `await monthly.${name}(out, { mode: "overwrite", partitionBy: ["month"] })`,
  on: "table",
  role: "writer",
  signature: [
    { kind: "scalar", name: "path", optional: false, takes: "path" },
    { kind: "scalar", name: "options", optional: true, default: "{}", options },
  ],
  // The columns are those that the options `types`, `partitionBy` and `bloomFilters` name.
  type: (i, [input], context) => {
    for (const { from, option, span } of i.columns) {
      const column = columnOf(input!.row, from);
      if (!column) context.report(misspeltColumn(from, span, input!.row, context.origin(i, 0, from)));
      else if (option === "bloomFilters" && hasNone(column.js)) {
        context.report(wrongOption({ kind: "value", owner: name, name: option, takes: "columns of texts, numbers or dates", found: `'${from}' of type ${printType(column)}`, instead: null }, span));
      }
    }
    return null;
  },
  distribution: (i) => replicated("a write has no rows", i.span),
  communicates: (i) => `${partitions(i) ? "rows by folder (Alltoallv); " : ""}own part files; rank 0 commits (Barrier)`,
  // A written dataset is a bag unless the rows were sorted: infer-order decides.
  order: (i) => (i.order?.observed ? "observes" : "ignores"),
  rowwise: false,
  repeatable: false,
  demands: (_, __, inputs) => allColumns(inputs),
  besides: () => "seen",
  lower: (i) => ({ method: name, descriptor: { ordered: i.order?.observed ?? false } }),
});

export const writeParquet = writer("writeParquet", "Parquet", optionsOf.writeParquet);
export const writeArrow = writer("writeArrow", "Arrow IPC", optionsOf.writeArrow);
export const writeCsv = writer("writeCsv", "CSV", optionsOf.writeCsv);
export const writeJsonLines = writer("writeJsonLines", "JSON Lines", optionsOf.writeJsonLines);

export const writePostgres: Verb = {
  ...writer("writePostgres", "PostgreSQL", optionsOf.writePostgres),
  docs: "Writes into a table of PostgreSQL, which is made if there is none: every rank copies its rows, one transaction when the call returns. New, added to, emptied before, or merged by key (`mode`, `on`). Where the database is and the password the environment says.",
  example: 'await monthly.writePostgres("taxi.monthly", { mode: "merge", on: ["month"] })',
  signature: [
    { kind: "scalar", name: "table", optional: false, takes: "table" },
    { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.writePostgres },
  ],
  communicates: () => "own rows, copied; what rank 0 finds out of the table (Bcast); rank 0 commits a transaction (Barrier)",
  order: () => "ignores",
  lower: () => ({ method: "writePostgres", descriptor: {} }),
};

export const writeSnowflake: Verb = {
  ...writePostgres,
  name: "writeSnowflake",
  docs: "Writes into a table of Snowflake, which is made if there is none: every rank brings its rows to a stage, as Parquet, one transaction when the call returns. New, added to, emptied before, or merged by key (`mode`, `on`). Who writes the environment says, as for readSnowflake.",
  example: 'await monthly.writeSnowflake("taxi.public.monthly", { mode: "merge", on: ["month"] })',
  signature: [
    { kind: "scalar", name: "table", optional: false, takes: "table" },
    { kind: "scalar", name: "options", optional: true, default: "{}", options: optionsOf.writeSnowflake },
  ],
  communicates: () => "own rows, as files; what rank 0 finds out of the table, and where the files go (Bcast); rank 0 loads them, and commits a transaction (Barrier)",
  lower: () => ({ method: "writeSnowflake", descriptor: {} }),
};

export const writeIceberg: Verb = {
  ...writer("writeIceberg", "Iceberg", optionsOf.writeIceberg),
  docs: "Writes into an Iceberg table, its folder or its name in a catalog, which is made if there is none: data files of every rank, one snapshot when the call returns.",
  example: 'await monthly.writeIceberg(out, { mode: "overwrite", partitionBy: ["month"] })',
  communicates: () => "rows by partition, where the table has some (Alltoallv); own data files, what rank 0 finds out of the table (Bcast); rank 0 commits a snapshot (Barrier)",
};

/** `plugin-babel/docs/verbs.md`: what the language of tables has, made of the catalogues' records. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CompileResult } from "@lockstep/plugin-babel/compile";
import { root } from "../scripts/lib.mjs";

interface Verb {
  readonly name: string;
  readonly docs: string;
  readonly example: string;
  readonly role: "reader" | "verb" | "observer" | "writer";
  readonly grouped?: true;
}

interface Named {
  readonly name: string;
  readonly docs: string;
}

interface Taken {
  readonly kind: string;
  readonly of?: unknown;
}

const load = <T>(file: string): Promise<T> => import(join(root, "plugin-babel/dist", file)) as Promise<T>;
const { compile } = await load<{ compile(source: string, options: { id: string }): CompileResult }>("compile.js");
const { aggregateFunctions, windowFunctions } = await load<{ aggregateFunctions: ReadonlyMap<string, Named>; windowFunctions: ReadonlyMap<string, Named> }>("functions/index.js");

const { optionsOf, wordsOf } = await load<{ optionsOf: Readonly<Record<string, Readonly<Record<string, Taken>>>>; wordsOf(taken: Taken): string }>("verbs/options.js");

export const { catalogue: verbs } = await load<{ catalogue: readonly Verb[] }>("verbs/index.js");
export const aggregates = [...aggregateFunctions.values()];
export const windows = [...windowFunctions.values()];
export const file = join(root, "plugin-babel/docs/verbs.md");

/** The tables that examples speak of. */
const TABLES: Readonly<Record<string, string>> = {
  trips: "zone: number; PULocationID: number; DOLocationID: number; LocationID: number; pickup_datetime: Date; trip_miles: number; date: Date; month: number; driver: string; at: Date",
  weather: "DATE: Date; date: Date; PRCP: number",
  zones: "zone: number; LocationID: number; borough: string",
  monthly: "month: number; trips: number; miles: number",
  wetDays: "date: Date",
  days: "day: Date",
  holidays: "date: Date",
  ranked: "name: string",
  top: "name: string",
  totals: "miles: number",
  ...Object.fromEntries(["green", "yellow", "thisYear", "lastYear"].map((name) => [name, "id: number; name: string"])),
};

/** What the compiler says to an example. */
export function diagnoseExample(example: string): readonly string[] {
  const used = Object.keys(TABLES).filter((name) => new RegExp(`\\b${name}\\b`).test(example));
  const parameters = [...used.map((name) => `${name}: Table<{ ${TABLES[name]} }>`), "path: string", "out: string"].join(", ");
  const source = `import { all, bin, compactIceberg, deleteIceberg, desc, endswith, matches, not, op, readAdbc, readArrow, readCsv, readFlightSql, readIceberg, readJsonLines, readParquet, readPostgres, readSnowflake, readSource, rolling, startswith, table, type Table } from "@lockstep/runtime";
import { feed } from "./feed.ts";
interface Trip { ${TABLES.trips} }
export async function example(${parameters}): Promise<void> {
  "use spmd";
  ${example};
}`;
  return compile(source, { id: "job.ts", modules: { "job.ts\0./feed.ts": null } }).diagnostics.map(({ text }) => text);
}

const section = (title: string, intro: string, verbs: readonly Verb[]): string =>
  [`## ${title}`, intro, ...verbs.map(({ name, docs, example, grouped }) => `### ${name}\n${docs}${grouped ? " Takes a grouped table, too." : ""}\n\n${optionsList(name)}${code(example)}`)].join("\n\n");

const code = (text: string): string => `\`\`\`ts\n${text}\n\`\`\``;

/** Where the runtime says what the options are for. */
const DECLARED: Readonly<Record<string, string>> = {
  readParquet: "connectors/parquet/read.ts", readArrow: "connectors/arrow/read.ts", readCsv: "connectors/csv/read.ts", readJsonLines: "connectors/json/read.ts", readIceberg: "connectors/iceberg/read.ts", readPostgres: "connectors/postgres/read.ts", readFlightSql: "connectors/flight/read.ts", readSnowflake: "connectors/snowflake/read.ts", readAdbc: "connectors/adbc/read.ts", readSource: "connectors/source/read.ts", writeParquet: "connectors/parquet/write.ts", writeArrow: "connectors/arrow/write.ts", writeCsv: "connectors/csv/write.ts", writeJsonLines: "connectors/json/write.ts", writeIceberg: "connectors/iceberg/write.ts", overwriteIceberg: "connectors/iceberg/write.ts", mergeIceberg: "connectors/iceberg/write.ts", writePostgres: "connectors/postgres/write.ts", writeSnowflake: "connectors/snowflake/write.ts", deleteIceberg: "connectors/iceberg/change.ts", compactIceberg: "connectors/iceberg/units.ts", objects: "tables/slice.ts", print: "tables/slice.ts", sample: "tables/sample.ts", batches: "tables/batch-options.ts", shuffle: "tables/batch-options.ts",
  bin: "tables/bins.ts", derive: "tables/relocate.ts", relocate: "tables/relocate.ts", join: "tables/join.ts", count: "tables/grouped.ts", spread: "tables/spread.ts",
};

function optionsList(verb: string): string {
  const options = optionsOf[verb];
  if (!options) return "";
  const declared = ["connectors/write-options.ts", "connectors/text/bad-rows.ts", "connectors/snowflake/place.ts", DECLARED[verb]!].map((file) => readFileSync(join(root, "runtime/src", file), "utf8")).join("\n");
  const docs = new Map(Array.from(declared.matchAll(/^ +\/\*\* (.*) \*\/\n +readonly (\w+)\??:/gm), ([, doc, name]) => [name!, doc!]));
  const line = (name: string, taken: Taken): string => {
    const words = Array.isArray(taken.of) ? taken.of.length > 1 : taken.kind === "options";
    return `- \`${name}\`: ${docs.get(name)!.replace(/\.$/, "")}${words ? ` (${wordsOf(taken)})` : ""}`;
  };
  return `${Object.entries(options).map(([name, taken]) => line(name, taken)).join("\n")}\n\n`;
}

const list = (title: string, intro: string, functions: readonly Named[]): string =>
  [`## ${title}`, intro, functions.map(({ name, docs }) => `- \`op.${name}\`: ${docs}`).join("\n")].join("\n\n");

export const frameExample = `trips.groupby("driver").orderby("at").derive({
  mean: rolling(op.mean("trip_miles"), [-2, 0]),
  week: rolling(op.sum("trip_miles"), { preceding: { days: 7 }, on: "at" }),
}).ungroup()`;

const frames = `## Frames

\`rolling(aggregate, frame)\` is a value of \`derive\`: an aggregate, or \`op.first_value\`, \`op.last_value\`, \`op.nth_value\`, of the rows around each row. Of a grouped table a frame ends with the group.

- \`[-2, 0]\`: the row and the two before it; \`[-3, 3]\`: three on each side. Without a frame all rows up to the current one, \`[-Infinity, 0]\`. A third argument \`true\` takes in the rows that the last \`orderby\` found equal to those at the ends.
- \`{ preceding: { days: 7 }, following: { hours: 1 }, on: "at" }\`: the rows whose \`at\` is that close, wherever they stand; of a column of numbers \`{ preceding: 10, on: "km" }\`. \`following\` is 0 by default. Aggregates alone.

${code(frameExample)}`;

export const binExample = `trips.groupby({ miles: bin("trip_miles", { maxbins: 20 }) }).count()`;

const bins = (): string => `## Bins

\`bin("x", options)\` is a value of \`derive\` and a key of \`groupby\`: the lower boundary of the bin that a row's number is in, of bins of equal width that the numbers of the table make, in a grouped \`derive\` those of the group. The width is a power of ten, a half or a fifth of one; null stays null. What a bin is, is settled where it stands: a filter after \`groupby\` changes none. \`op.bins\` gives the boundaries themselves, for \`op.bin(d.x, min, max, step)\` in a row function.

${optionsList("bin")}${code(binExample)}`;

export const selectionExample = `trips.select(not("at", startswith("DO"))).fold(endswith("ID"))`;

const selections = `## Selections

Columns chosen by their names, in the arguments of \`select\`, \`relocate\`, \`groupby\`, \`dedupe\`, \`fold\` and \`lookup\`, the columns of a \`join\`, \`before\` and \`after\`, and \`drop\` of \`unroll\`. But for a place they may choose none.

- \`all()\`: all columns.
- \`not("a", ["b"], startswith("c"))\`: all but these.
- \`startswith("pre")\`, \`endswith("post")\`, \`matches("mid")\`: those whose names begin so, end so, have the text in them. The text is known when building: the type of the row follows it.

${code(selectionExample)}`;

const differences = `## Not as in Arquero

What is not there a type refuses, or the build, which says what is written instead ([LS1109](diagnostics/LS1109.md), [LS1102](diagnostics/LS1102.md), [LS1118](diagnostics/LS1118.md)).

- **Row functions** are JavaScript, not the text of an expression: they see the variables around them (no \`params\`, no \`escape\`), and call JavaScript's own functions in place of \`op.year\` or \`op.startswith\` ([LS1204](diagnostics/LS1204.md) has each). An aggregate or a window is a value beside them, \`op.mean("x")\` or \`op.mean((d) => d.x * 2)\`, not \`(d) => op.mean(d.x)\`; what is computed of several stands in the next \`derive\`.
- **Columns** have names: no numbers, \`range\`, \`names\`, and no regular expression in \`matches\`. A name that is not there is an error, also in \`not\`, \`relocate\` and \`drop\`.
- **Grouped tables** go to \`rollup\`, \`count\` and \`pivot\`, and through \`derive\`, \`impute\`, \`filter\`, \`orderby\`, \`slice\`, \`sample\` and \`groupby\`; other verbs come after \`ungroup\`. \`derive\` has no options there.
- **join**: which rows stay is the verb's name, not an option; columns are named or selected, and computed of both rows by a \`derive\` after it. Rows stand in left, then right order, whichever table is the larger. \`lookup\` takes names and selections.
- **pivot** lists its \`keys\`, so that there are as many columns: no \`limit\`, \`sort\`, \`keySeparator\`; of two columns it pivots on one text, \`\` { key: (d) => \`\${d.a}_\${d.b}\` } \`\`.
- **spread** makes as many columns as \`as\` or \`limit\` say, of null where no row has as many elements; elements are no arrays and no objects.
- **impute** has no \`expand\`: \`t.select("a").dedupe().cross(t.select("b").dedupe()).join_left(t, [["a", "b"], ["a", "b"]])\` has a row of each combination.
- **sample** and **shuffle** have a \`seed\`; the size is a number, and \`weight\` does not go with \`replace\`.
- **orderby** takes keys without names, and no \`collate\`: texts stand in the order of their UTF-16 units.
- **Aggregates** that make objects (\`object_agg\`, \`map_agg\`, \`entries_agg\`) and \`reduce\` are not there, nor are \`assign\`, \`reify\` and \`unorder\`: an order is made where somebody sees it, and a table computed where it is observed.
- **Observers** give all columns of a table, not grouped: \`select\` before \`objects\` and \`print\`. Texts of tables are files: \`writeCsv\`, \`writeJsonLines\`, \`writeArrow\`.
- **Answers**: a table has null, never undefined. Keys of several columns never collide, and -0 and 0 are one key, 0. A frame's sum forgets what has left the frame.`;

export function verbsPage(): string {
  const of = (role: Verb["role"]) => verbs.filter((verb) => verb.role === role);
  return [
    "# The language of tables",
    "Made by `npm run docs` of the compiler's catalogues (`src/verbs`, `src/functions`). Names and answers are Arquero's where it has them.",
    section("Readers", "Promises: awaited where they are called.", of("reader")),
    section("Verbs", "Synchronous and lazy: nothing runs until a table is observed or written.", of("verb")),
    section("Observers", "What comes out of a table is the same on every rank. A grouped table has none: `ungroup()` gives the table back.", of("observer")),
    section("Writers", "Promises. What a call writes appears whole when it returns, or not at all. Not of a grouped table.", of("writer")),
    list("Aggregates", "Values of `rollup` and `derive`: of a column's name or a row function.", aggregates),
    list("Window functions", "Values of `derive`: of the group, or of the whole table, in its order.", windows),
    selections,
    frames,
    bins(),
    differences,
  ].join("\n\n") + "\n";
}

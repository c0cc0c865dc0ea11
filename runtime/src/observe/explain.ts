import { join } from "node:path";
import { LockstepError } from "../errors/index.ts";
import { findBundle, manifestName } from "../launch/manifest.ts";
import { alignColumns } from "./columns.ts";

/** What the compiler wrote about a function into `lockstep.manifest.json`. */
export interface ExplainedFunction {
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly inputs: readonly {
    readonly line: number;
    readonly reader: string;
    readonly path: string;
    readonly read: readonly { readonly name: string; readonly type: string }[];
    readonly present: readonly string[];
    readonly filters: readonly string[];
  }[];
  readonly outputs: readonly { readonly line: number; readonly writer: string; readonly path: string; readonly columns: readonly string[]; readonly ordered: boolean; readonly why: string | null }[];
  readonly rowFunctions: readonly {
    readonly line: number; readonly verb: string; readonly column: string | null; readonly source: string;
    readonly tier: "native" | "v8"; readonly native: string | null; readonly reason: string | null;
  }[];
  readonly tables: readonly {
    readonly value: number; readonly inputs: readonly number[]; readonly line: number; readonly verb: string;
    readonly details: string; readonly columns: readonly string[]; readonly distribution: string; readonly why: string | null; readonly order: string | null;
  }[];
  readonly communicates: readonly { readonly line: number; readonly verb: string; readonly what: string }[];
}

/** The report on a bundle's annotated functions, from its manifest alone. */
export function explain(path: string, only?: string): string {
  const bundle = findBundle(join(path, manifestName)) ?? findBundle(path);
  if (!bundle) throw new LockstepError({ code: "LS2022", message: `no ${manifestName} at ${path}`, fix: "Build the program with a Lockstep plugin first." });
  const { functions } = bundle.manifest as unknown as { functions: readonly ExplainedFunction[] };
  const chosen = functions.filter(({ id }) => only === undefined || id === only || id.endsWith(`#${only}`));
  if (chosen.length === 0) {
    throw new LockstepError({ code: "LS2022", message: `the bundle has no function ${only ?? ""}`, fix: `It has ${functions.map(({ id }) => id).join(", ")}.` });
  }
  return chosen.map(explainFunction).join("\n\n");
}

function explainFunction({ id, line, inputs, tables, communicates, rowFunctions, outputs }: ExplainedFunction): string {
  const native = rowFunctions.filter(({ tier }) => tier === "native").length;
  return [
    `${id}  (line ${line})`,
    ...section("reads", inputs.flatMap((input) => [
      [at(input.line), `${input.reader}(${input.path})`, `${input.read.length} of ${input.present.length} columns: ${input.read.map(({ name, type }) => `${name} ${type}`).join(", ")}`],
      ...input.filters.map((filter) => ["", "", `pushed filter: ${filter}`]),
    ])),
    ...section("plan", tables.flatMap((table) => [
      [`t${table.value}`, at(table.line), `${table.verb}${table.inputs.length > 0 ? `(${table.inputs.map((input) => `t${input}`).join(", ")})` : ""}`, clip(table.distribution, 40), clip(table.details || table.columns.join(", "), 90)],
      ...(table.why ? [["", "", "", `because ${table.why}`, ""]] : []),
      ...(table.order ? [["", "", "", `in order: ${table.order}`, ""]] : []),
    ])),
    ...section("communicates", communicates.map((one) => [at(one.line), one.verb, one.what])),
    ...section(`row functions: ${native} native, ${rowFunctions.length - native} in V8`, rowFunctions.map((one) => [
      at(one.line), one.column ? `${one.verb} ${one.column}` : one.verb, one.tier === "native" ? (one.native ?? one.source) : `V8: ${one.reason ?? one.source}`,
    ])),
    ...section("writes", outputs.map((one) => [
      at(one.line), `${one.writer}(${one.path})`, `${one.columns.length} columns, ${one.ordered ? `in order: ${one.why ?? ""}` : "rows in no particular order"}`,
    ])),
  ].join("\n");
}

function section(title: string, rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : ["", `  ${title}`, ...alignColumns(rows).map((row) => `    ${row}`)];
}

/** The plan stands in one line a table; its expressions and keys are spelled out in the sections below it. */
function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function at(line: number): string {
  return `:${line}`;
}

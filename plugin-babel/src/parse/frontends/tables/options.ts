/** Options that are written out, at the call or in a const: what is not there, or takes another value. What is computed the runtime checks. */
import type * as t from "@babel/types";
import type { Diagnostic } from "../../../diagnostics/diagnostic.ts";
import { closest } from "../../../diagnostics/closest.ts";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { type Found, wrongOption } from "../../../diagnostics/wrong-option.ts";
import type { SourceSpan } from "../../../ir/types.ts";
import { constantOf, keyName, type Written, writtenOut } from "../../../source/constants.ts";
import { bare, spanOf, textOf } from "../../../source/module.ts";
import type { Place } from "../../../source/names.ts";
import { ARROW_TYPE, fits, holdsLogin, type Options, type Taken, wordsOf } from "../../../verbs/index.ts";

/** A column that an option names: `types`, `partitionBy`. */
export interface TypedColumn {
  readonly name: string;
  readonly option: string;
  readonly span: SourceSpan;
}

/** Reports what is wrong with the options of `owner`; gives the columns that they name. */
export function readOptions(node: t.Node, owner: string, options: Options, place: Place, report: (d: Diagnostic) => void): TypedColumn[] {
  const written = writtenOut(node, place);
  const e = bare(written.node);
  const span = spanOf(node, place.module);
  if (e.type !== "ObjectExpression") {
    const found = foundAt(written);
    if (found !== null) report(wrongOption({ kind: "no-object", owner, known: Object.keys(options), ...found, instead: meant({ node, place }, options) }, span));
    return [];
  }
  return e.properties.flatMap((p): TypedColumn[] => {
    if (p.type === "SpreadElement") {
      // `...(quick && { limit: 5 })`: what is no object adds nothing.
      const spread = writtenOut(p.argument, written.place);
      return bare(spread.node).type === "ObjectExpression" ? readOptions(p.argument, owner, options, written.place, report) : [];
    }
    const name = p.computed ? null : keyName(p.key);
    if (name === null) return [];
    const taken = Object.hasOwn(options, name) ? options[name]! : null;
    if (taken === null) {
      report(wrongOption({ kind: "unknown", owner, name, known: Object.keys(options), shorthand: p.type === "ObjectProperty" && p.shorthand }, spanOf(p.key, written.place.module)));
      return [];
    }
    return p.type === "ObjectProperty" ? readOption({ node: p.value, place: written.place }, owner, name, taken, report) : [];
  });
}

function readOption(option: Written, owner: string, name: string, taken: Taken, report: (d: Diagnostic) => void): TypedColumn[] {
  const { node, place } = option;
  if (taken.kind === "options" && bare(writtenOut(node, place).node).type === "ObjectExpression") return readOptions(node, `'${name}' of ${owner}`, taken.of, place, report);
  if (taken.kind === "types" && bare(node).type === "ObjectExpression") return readTypes(option, owner, name, taken, report);
  // It is read as a row function.
  if (taken.kind === "weight" && /Function/.test(bare(writtenOut(node, place).node).type)) return [];
  const wanted = taken.kind === "columns" ? bare(writtenOut(node, place).node) : null;
  const found = isNaNWritten(option) ? { found: "NaN" } : foundAt(option);
  const constant = constantOf(node, place);
  if (wanted?.type === "ArrayExpression" && wanted.elements.every((element) => element?.type === "StringLiteral")) {
    return wanted.elements.map((element) => ({ name: (element as t.StringLiteral).value, option: name, span: spanOf(node === wanted ? element! : node, place.module) }));
  }
  // A list of what is computed.
  if ((taken.kind === "texts" || taken.kind === "columns") && !constant && bare(node).type === "ArrayExpression") return [];
  if (found !== null && (!constant || !fits(constant.value, taken))) {
    report(wrongOption({ kind: "value", owner, name, takes: wordsOf(taken), ...found, instead: nearValue(constant?.value, taken) }, spanOf(node, place.module)));
  }
  return [];
}

function readTypes({ node, place }: Written, owner: string, option: string, taken: Taken & { kind: "types" }, report: (d: Diagnostic) => void): TypedColumn[] {
  return (bare(node) as t.ObjectExpression).properties.flatMap((p): TypedColumn[] => {
    const name = p.type === "ObjectProperty" && !p.computed ? keyName(p.key) : null;
    if (p.type !== "ObjectProperty" || name === null) return [];
    const type = constantOf(p.value, place);
    // What a reader says of a column is compared with the interface.
    if (taken.of === "arrow" && type && type.value !== undefined && !(typeof type.value === "string" && ARROW_TYPE.test(type.value))) {
      const takes = "an Arrow type such as int32, float64, string, uuid, date32, timestamp[ms, tz=UTC] or decimal128(10, 2)";
      report(wrongOption({ kind: "value", owner: `'${option}' of ${owner}`, name, takes, found: JSON.stringify(type.value), instead: null }, spanOf(p.value, place.module)));
    }
    return [{ name, option, span: spanOf(p.key, place.module) }];
  });
}

const isNaNWritten = ({ node, place }: Written): boolean => node.type === "Identifier" && node.name === "NaN" && !place.scope.getBinding("NaN");

/** What stands there; null: it is computed, or nothing. */
function foundAt({ node, place }: Written): Found | null {
  const e = bare(node);
  if (e.type === "ArrowFunctionExpression" || e.type === "FunctionExpression") return { found: "a function" };
  if (e.type === "ArrayExpression") return { found: "a list" };
  if (e.type === "ObjectExpression") return { found: "an object" };
  const value = constantOf(node, place)?.value;
  if (typeof value === "string" && holdsLogin(value)) return { found: "one with a password", secret: true };
  return value === undefined ? null : { found: value instanceof Set ? "a Set" : typeof value === "bigint" ? `${value}n` : JSON.stringify(value) };
}

/** What a number is, by verb. */
const numbers: Readonly<Record<string, string>> = {
  slice: "write the rows' positions: slice(start, end), end not included",
  sample: "write how many rows: sample(100); a part of them is counted before: sample(Math.round(t.numRows() / 10))",
};

/** A scalar that is written out: what plain Node could make nothing of. */
export function checkScalar(node: t.Node, verb: string, takes: "number" | "path" | "paths" | "table", place: Place, report: (d: Diagnostic) => void): void {
  const found = foundAt({ node, place });
  const value = constantOf(node, place)?.value;
  const isList = bare(node).type === "ArrayExpression" && (!Array.isArray(value) || value.every((each) => typeof each === "string"));
  if (found === null || typeof value === (takes === "number" ? "number" : "string") || (takes === "paths" && isList)) return;
  const [expected, fix] = {
    number: ["a number", numbers[verb] ?? "write the row's number, counted from 0"],
    path: ["a path", 'write a text or a URL: "data/out"'],
    table: ["the name of a table, or a query,", 'write a text: "sales.orders"'],
    paths: ["a path, or a list of paths,", 'write a text or a URL, or a list of them: "data/*.parquet"'],
  }[takes] as [string, string];
  report(verbArgument(verb, expected, spanOf(node, place.module), fix));
}

/** `readCsv(path, ";")`, `objects(10)`. */
function meant({ node, place }: Written, options: Options): string | null {
  const value = constantOf(node, place)?.value;
  const option = value === undefined ? undefined : Object.keys(options).find((name) => /^(delimiter|limit)$/.test(name) && fits(value, options[name]!));
  return option === undefined ? null : `{ ${option}: ${textOf(bare(node), place.module)} }`;
}

function nearValue(value: unknown, taken: Taken): string | null {
  const near = taken.kind === "one" && typeof value === "string" ? closest(value, taken.of) : null;
  if (taken.kind === "boolean" && (value === 0 || value === 1)) return String(value === 1);
  if (taken.kind === "boolean" && (value === "true" || value === "false")) return value;
  return near === null ? null : `"${near}"`;
}

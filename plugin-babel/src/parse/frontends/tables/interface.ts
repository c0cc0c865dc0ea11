/** The columns a reader or a table literal declares. */
import { isLiteral } from "@babel/types";
import type * as t from "@babel/types";
import type { TextEdit } from "../../../diagnostics/diagnostic.ts";
import { duplicateColumn } from "../../../diagnostics/duplicate-column.ts";
import { misspeltColumn } from "../../../diagnostics/misspelt-column.ts";
import { keyText, readerTypes } from "../../../diagnostics/reader-types.ts";
import { unsupportedType } from "../../../diagnostics/unsupported-type.ts";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { columnOf, type OutputColumn } from "../../../ir/ir.ts";
import { type Column, elementsOf, isList, isNested, isObject, membersOf, printType, type RowType, unsureType, type ValueType } from "../../../ir/types.ts";
import { constantOf, keyName } from "../../../source/constants.ts";
import type { Reading } from "../../function.ts";
import { bare, type ModuleSource, spanOf, textOf } from "../../../source/module.ts";
import { elementOf, typeOfScalar } from "../../../source/scalar-types.ts";
import type { Verb } from "../../../verbs/index.ts";
import { declaredSource } from "../../../source/declared-sources.ts";
import { memberTypesOf, rowTypeOf, UnsupportedType } from "../../../source/types.ts";

/** `readCsv<Weather>(…)` or `table({ … })` → its columns; null: not known. */
export function readInterface(call: t.CallExpression, data: t.ObjectExpression | null, r: Reading): Declared {
  const argument = call.typeArguments?.params[0] as t.TSType | undefined;
  if (data) return literalColumns(data, argument ? typesOfLists(argument, r) : [], r);
  if (argument) return { row: readRowType(argument, r), open: false, words: wordsOf(argument, r.frame.module, r) };
  const name = call.arguments[0] && constantOf(call.arguments[0], r.place)?.value;
  const declared = typeof name === "string" ? declaredSource(name, r.frame.module, r.modules) : null;
  if (!declared) return { row: null, open: false, words: "the table" };
  return { row: readRowType(declared.type, r, declared.module), open: false, words: wordsOf(declared.type, declared.module, r) };
}

/** `Trip` → "the interface Trip". */
function wordsOf(type: t.TSType, module: ModuleSource, { modules }: Reading): string {
  const node = type.type === "TSTypeReference" && type.typeName.type === "Identifier" ? modules.typeNamed(module, type.typeName.name, type)?.node : null;
  return node ? `the ${node.type === "TSInterfaceDeclaration" ? "interface" : "type"} ${textOf(type, module)}` : "the row's type";
}

/**
 * The `types` option, where it is written out, against the interface: `named` are the columns in it. A bigint is one only if the
 * option says so, a date of JSON Lines, too.
 */
export function checkTypesOption(call: t.CallExpression, { told, signature }: Verb, { row: declared, words }: Declared & { readonly row: RowType }, named: readonly OutputColumn[], r: Reading): void {
  if (declared.length > 0) for (const { from, span } of named) if (!columnOf(declared, from)) r.report(misspeltColumn(from, span, declared, [], { declared: words }));
  const at = signature.findIndex((p) => p.kind === "scalar" && p.name === "options");
  const options = call.arguments[at];
  const value = options ? constantOf(options, r.place)?.value : {};
  // Options computed elsewhere are the runtime's to check.
  if (typeof value !== "object" || value === null) return;
  const types = ("types" in value ? value.types : {}) as Readonly<Record<string, unknown>>;
  const missing = declared.filter(({ name, type }) => told?.has(type.js) && !Object.hasOwn(types, name));
  if (missing.length > 0) r.report(readerTypes(missing, null, r.span(options ?? call), addedTypes(call.arguments[at - 1], options, missing, r)));
  for (const { name, type } of declared) {
    if (told && isNested(type.js) && !told.has(type.js) && holdsBigint(type)) r.report(unsupportedType(printType(type), r.span(call.typeArguments ?? call), { name, member: null }, "no types option says that a member of an object is a bigint: it is read as a number"));
  }
  for (const column of declared) {
    const said = Object.hasOwn(types, column.name) ? String(types[column.name]) : column.type.js;
    if (said === column.type.js) continue;
    const written = propertyOf(propertyOf(options, "types"), column.name);
    r.report(readerTypes([column], said, r.span(written ?? options ?? call), written ? { ...r.span(written), text: `"${column.type.js}"` } : null));
  }
}

const holdsBigint = (type: ValueType): boolean => (isList(type.js) ? holdsBigint(elementsOf(type)) : isObject(type.js) ? membersOf(type.js).some((member) => holdsBigint(member.type)) : type.js === "bigint");

/** Where the types of `columns` are to be written: into the option, into the options, or as a new argument. Null: the options are elsewhere. */
function addedTypes(before: t.Node | undefined, options: t.Node | undefined, columns: readonly Column[], r: Reading): TextEdit | null {
  const entries = columns.map(({ name, type }) => `${keyText(name)}: "${type.js}"`).join(", ");
  if (!before) return null;
  if (!options) {
    const { endLine, endColumn, ...span } = r.span(before);
    return { ...span, line: endLine, column: endColumn, endLine, endColumn, text: `, { types: { ${entries} } }` };
  }
  const types = propertyOf(options, "types");
  const into = bare(types ?? options);
  if (into.type !== "ObjectExpression") return null;
  const { line, column, ...span } = r.span(into);
  const text = types ? entries : `types: { ${entries} }`;
  return { ...span, line, column: column + 1, endLine: line, endColumn: column + 1, text: into.properties.length > 0 ? ` ${text},` : ` ${text} ` };
}

/** The value of a property that is written out in an object. */
function propertyOf(object: t.Node | null | undefined, name: string): t.Node | null {
  const e = object ? bare(object) : null;
  if (e?.type !== "ObjectExpression") return null;
  const found = e.properties.find((p) => p.type === "ObjectProperty" && !p.computed && keyName(p.key) === name);
  return found?.type === "ObjectProperty" ? found.value : null;
}

/** The columns of an interface; null: it has no members, and says as much as none. Empty after a report. */
export function readRowType(type: t.TSType, r: Reading, module = r.frame.module): RowType | null {
  try {
    const row = rowTypeOf(type, module, r.modules);
    return row.length > 0 ? row : null;
  } catch (error) {
    if (!(error instanceof UnsupportedType)) throw error;
    // A type that is still to be fetched is no mistake: the whole compilation is repeated with it.
    if (r.modules.needs.size === 0) {
      for (const { text, place, module, column } of error.all()) r.report(unsupportedType(text, spanOf(place, module), column && { name: column.name, member: spanOf(column.member, module) }));
    }
    return [];
  }
}

/** `open`: some of its columns could not be read. */
export interface Declared {
  readonly row: RowType | null;
  readonly open: boolean;
  /** What errors call it: "the interface Trip". */
  readonly words: string;
}

/** `table<{ id: number[] }>({ id: [] })` */
function typesOfLists(argument: t.TSType, r: Reading): RowType {
  const [lists, values] = (["lists", "values"] as const).map((kind) => memberTypesOf(argument, r.frame.module, r.modules, kind) ?? []);
  return lists!.length > 0 ? lists! : values!;
}

function literalColumns(data: t.ObjectExpression, said: RowType, r: Reading): Declared {
  if (data.properties.length === 0) r.report(verbArgument("table", "at least one column", r.span(data), "give it one: table({ id: [1, 2] })"));
  let open = false;
  const row = data.properties.flatMap((p): Column[] => {
    const name = p.type === "ObjectProperty" && !p.computed ? keyName(p.key) : null;
    const found = p.type === "ObjectProperty" ? (elementOf(p.value, r.place, r) ?? arraysIn(p.value, r)) : null;
    const type = said.find((column) => column.name === name)?.type ?? found;
    if (name !== null && data.properties.slice(0, data.properties.indexOf(p)).some((q) => q.type === "ObjectProperty" && !q.computed && keyName(q.key) === name)) {
      r.report(duplicateColumn(name, r.span(p)));
      return [];
    }
    if (name !== null && type) {
      if (found && found.js !== type.js) r.report(verbArgument("table", `values of type ${printType(type)}`, r.span(p), `write such values, or another type for '${name}'`));
      return [{ name, type: isWritten((p as t.ObjectProperty).value) ? type : unsureType(type) }];
    }
    open = true;
    const value = p.type === "ObjectProperty" && typeOfScalar(p.value, r.place, r, 0) ? p.value : null;
    const list = value && `[${textOf(value, r.frame.module)}]`;
    const fix = list ? `write a list: ${list}` : "write a list of one type, [1, 2], or say what is in it: table<{ id: number[] }>({ id })";
    r.report(verbArgument("table", "columns whose element type is plain, such as [1, 2] or a variable of type number[],", r.span(p), fix, value && list ? [{ ...r.span(value), text: list }] : []));
    return [];
  });
  const lengths = data.properties.flatMap((p) => (p.type === "ObjectProperty" ? lengthOf(p.value) : []));
  const uneven = data.properties.find((p) => p.type === "ObjectProperty" && lengthOf(p.value).some((length) => length !== lengths[0]));
  if (uneven) r.report(verbArgument("table", `columns of one length, ${lengths[0]} values`, r.span(uneven), "give every column as many values; what is missing is null"));
  return { row, open, words: "the table" };
}

/** `[["a", "b"], [], null]`: arrays of one type, written out. Null: something else. */
function arraysIn(value: t.Node, r: Reading): ValueType | null {
  const e = bare(value);
  if (e.type !== "ArrayExpression") return null;
  const arrays = e.elements.filter((element) => element !== null && bare(element).type !== "NullLiteral");
  if (arrays.length === 0 || arrays.some((array) => bare(array!).type !== "ArrayExpression")) return null;
  const isNull = (element: t.Node | null) => element !== null && bare(element).type === "NullLiteral";
  const elements = arrays.map((array) => (bare(array!) as t.ArrayExpression).elements);
  const types = arrays.filter((_, n) => elements[n]!.some((element) => !isNull(element))).map((array) => elementOf(array!, r.place, r));
  const [first] = types;
  if (!first || isList(first.js) || types.some((type) => type?.js !== first.js)) return null;
  const holes = types.some((type) => type!.nullable) || elements.some((each) => each.some(isNull));
  return { js: `${first.js}[]`, nullable: arrays.length < e.elements.length, ...(holes && { holes: true as const }) };
}

/** A list of literals, none of them null. */
function isWritten(value: t.Node): boolean {
  const e = bare(value);
  return e.type === "ArrayExpression" && e.elements.every((element) => element && isLiteral(bare(element)) && bare(element).type !== "NullLiteral");
}

/** The length of a list that is written out, if it is. */
function lengthOf(value: t.Node): number[] {
  const e = bare(value);
  return e.type === "ArrayExpression" && e.elements.every((element) => element?.type !== "SpreadElement") ? [e.elements.length] : [];
}

/**
 * The columns of rows that are written, as a table's: found by their names, members of structs as well, and given the table's ids.
 *
 * ```text
 * rows    loc: struct<y: float64, x: float64>      tags: list<string>
 * table   3: loc struct<5: x, 6: y, 7: note>       4: tags list<8: string>
 * files   3: loc struct<6: y, 5: x>                4: tags list<8: string>
 * ```
 */
import { didYouMean, LockstepError } from "../../errors/index.ts";
import { isCarried, isNested, parseType, printType, type ArrowType } from "../../tables/arrow-type.ts";
import type { Stored, StoredValues } from "../../tables/column.ts";
import { partsOf, type Field, type Type } from "./metadata.ts";
import { arrowTypeOf, icebergTypeOf, isWritable } from "./types.ts";

/** A column of the rows that are written. */
export interface WrittenColumn {
  readonly name: string;
  readonly type: ArrowType;
}

/** A column of the files, or a part of one. */
export interface FileColumn {
  readonly name: string;
  /** The table's id of it. */
  readonly id: number;
  /** Printed Arrow type; of what has parts "list" or "struct". */
  readonly type: string;
  /** Whether null may not stand there. */
  readonly required: boolean;
  /** A list's elements, a struct's members. */
  readonly parts: FileColumn[];
}

/** The Arrow type of the files' column. */
export function typeInFiles({ type, parts }: FileColumn): ArrowType {
  if (parts.length === 0) return parseType(type);
  return type === "list" ? { id: "list", of: typeInFiles(parts[0]!) } : { id: "struct", fields: parts.map((part) => ({ name: part.name, type: typeInFiles(part) })) };
}

/** The type that the program asks for, or the column's own. LS2015 */
export function asked(table: string, name: string, type: ArrowType, types: Readonly<Record<string, string | undefined>>): ArrowType {
  const text = Object.hasOwn(types, name) ? types[name] : undefined;
  const wanted = text === undefined ? type : parseType(text);
  if (isCarried(wanted)) return wanted;
  throw new LockstepError({ code: "LS2015", message: `${table}: the column "${name}" is ${printType(wanted)}, which cannot be written`, fix: `Leave the column out with select()${isNested(wanted) ? ", or derive one without what cannot be written" : ""}.` });
}

/** A new table's columns. Ids are dealt as Java and PyIceberg deal them: to all members of a struct, then to what each is made of. LS2015 */
export function newFields(table: string, columns: readonly WrittenColumn[]): Field[] {
  let last = 0;
  const typeOf = (type: ArrowType, path: string): Type => {
    if (type.id === "struct") return { type: "struct", fields: fieldsOf(type.fields, `${path}.`) };
    if (type.id === "list" && !type.map) {
      const id = ++last;
      return { type: "list", "element-id": id, "element-required": false, element: typeOf(type.of, `${path}.element`) };
    }
    const of = icebergTypeOf(type);
    if (of === undefined) throw unknownType(table, path, type);
    return of;
  };
  const fieldsOf = (fields: readonly WrittenColumn[], within: string): Field[] => {
    const first = last + 1;
    last += fields.length;
    return fields.map(({ name, type }, index) => ({ id: first + index, name, required: false, type: typeOf(type, within + name) }));
  };
  return fieldsOf(columns, "");
}

function unknownType(table: string, path: string, type: ArrowType): LockstepError {
  const [column, ...within] = path.split(".") as [string, ...string[]];
  const isColumn = within.length === 0;
  if (type.id === "null") {
    return new LockstepError({
      code: "LS2015",
      message: `the column "${path}" has nothing but nulls, which says no type for the new table ${table}`,
      fix: isColumn ? `Say one: types: { ${path}: "string" }.` : `Say the type of the column "${column}": types: { ${column}: "list<string>" }.`,
    });
  }
  const written = type.id === "timestamp" ? "in microseconds" : "as another type";
  const say = isColumn ? `types: { ${path}: "${type.id === "timestamp" ? "timestamp[us]" : "string"}" }` : `say the type of the column "${column}" with types`;
  return new LockstepError({ code: "LS2015", message: `the column "${path}" is ${printType(type)}, which tables of Iceberg's version 2 do not have`, fix: `Write it ${written}: ${say}${type.id === "timestamp" ? "" : ", or leave it out with select()"}.` });
}

/** The written columns as the table has them. LS2002 */
export function fitted(table: string, columns: readonly WrittenColumn[], fields: readonly Field[]): FileColumn[] {
  return membersOf(table, "", columns, fields);
}

/** `within`: what stands before their names in messages. */
function membersOf(table: string, within: string, columns: readonly WrittenColumn[], fields: readonly Field[]): FileColumn[] {
  const names = fields.map(({ name }) => name);
  for (const { name, required } of fields) {
    if (required && !columns.some((column) => column.name === name)) throw new LockstepError({ code: "LS2002", message: `${table} requires a column "${within}${name}", which the written table has not`, fix: "derive() it." });
  }
  return columns.map(({ name, type }) => {
    const field = fields.find((one) => one.name === name);
    if (!field) throw new LockstepError({ code: "LS2002", message: `${table} has no column "${within}${name}"${didYouMean(name, names)}`, fix: `Its columns are ${names.map((one) => within + one).join(", ")}: ${within === "" ? "rename() or select()" : "derive()"} them.` });
    return columnOf(table, within + name, type, field);
  });
}

function columnOf(table: string, path: string, type: ArrowType, field: Field): FileColumn {
  const { name, id, required } = field;
  const to = arrowTypeOf(field);
  if (type.id === "struct" && to.id === "struct") return { name, id, type: "struct", required, parts: membersOf(table, `${path}.`, type.fields, partsOf(field.type)) };
  if (type.id === "list" && to.id === "list") return { name, id, type: "list", required, parts: [columnOf(table, `${path}.element`, type.of, partsOf(field.type)[0]!)] };
  // Nothing but nulls is written as the whole of the table's type.
  if (type.id === "null" && isNested(to)) return columnOf(table, path, to, field);
  if (isWritable(type, to)) return { name, id, type: printType(type.id === "dictionary" ? type : to), required, parts: [] };
  const isOfSome = to.id === "other" || to.id === "string" || to.id === "bool" || isNested(to) || path !== name;
  throw new LockstepError({
    code: "LS2002",
    message: `the column "${path}" is ${printType(type)}, in ${table} it is ${printType(to)}`,
    fix: isOfSome ? "derive() a column of this type." : `Where values may be rounded or cut, say so: types: { ${name}: "${printType(to)}" }.`,
  });
}

/** Looks into columns of lists and structs, of which files' statistics do not say it. LS2003: null where none may be. */
export function checkRequired(table: string, column: FileColumn, values: StoredValues): void {
  const check = requiring(table, column, column.name);
  if (column.parts.length > 0 && check) for (let row = 0; row < values.length; row++) check(values[row]!);
}

/** What throws at a null; undefined: all may be null. */
function requiring(table: string, { type, required, parts }: FileColumn, path: string): ((value: Stored) => void) | undefined {
  const inside = parts.map((part) => requiring(table, part, `${path}.${part.name}`));
  if (!required && inside.every((check) => check === undefined)) return undefined;
  return (value) => {
    if (value === null && required) throw new LockstepError({ code: "LS2003", message: `${table}: the column "${path}" is required, and a row has null there`, fix: "Filter these rows out, or give them a value." });
    if (value !== null && parts.length > 0) (value as readonly Stored[]).forEach((part, index) => inside[type === "list" ? 0 : index]?.(part));
  };
}

/**
 * TypeScript types read from syntax alone: there is no stable compiler API to ask. Understood are interfaces, aliases,
 * their imports, intersections, literal unions, Pick, Omit, Partial, Readonly, and generics by substitution.
 */
import type * as t from "@babel/types";
import { type Column, eitherType, isSameJs, listOf, objectOf, type RowType, type ScalarType, type ValueType } from "../ir/types.ts";
import type { ModuleSource } from "./module.ts";
import type { Modules } from "./modules.ts";

/** A type node where its names mean something. */
interface Placed {
  readonly node: t.TSType;
  readonly module: ModuleSource;
  readonly bound: Bound;
  /** Of a row type: of members that are left out the type need not be understood; all of them by default. */
  readonly wants?: ((member: string) => boolean) | undefined;
  /** Of a row type: no type is read. */
  readonly namesOnly?: boolean | undefined;
}
type Bound = ReadonlyMap<string, Placed>;

/** What stood in the way: `place` is the type that is not understood. */
export class UnsupportedType extends Error {
  readonly place: t.Node;
  readonly module: ModuleSource;
  /** The member of a row type that it is the type of. */
  column: { readonly name: string; readonly member: t.Node } | null = null;
  /** Others of the same row type. */
  readonly others: UnsupportedType[] = [];
  constructor(node: t.Node, module: ModuleSource) {
    super(module.code.slice(node.start!, node.end!));
    this.place = node;
    this.module = module;
  }

  get text(): string {
    return this.message;
  }

  all(): UnsupportedType[] {
    return [this, ...this.others];
  }
}

const NONE: Bound = new Map();

/** The columns of `interface Trip { … }`. Throws UnsupportedType. */
export function rowTypeOf(node: t.TSType, module: ModuleSource, modules: Modules): RowType {
  return new Reader(modules).row({ node, module, bound: NONE });
}

/** What members of a record are read: values of columns, lists of such values, or objects and Maps that give one for a key. */
export type MemberKind = "values" | "lists" | "lookups";

/** The members of a record of one kind, with the type of the value, element or entry; others are left out. Null when it is no record that is understood. */
export function memberTypesOf(node: t.TSType, module: ModuleSource, modules: Modules, kind: MemberKind = "values"): RowType | null {
  try {
    return new Reader(modules, kind).row({ node, module, bound: NONE });
  } catch (error) {
    if (error instanceof UnsupportedType) return null;
    throw error;
  }
}

/** The type of a value such as `number | null`, of a list's elements or of the entries of `Record<string, number>`; `kind` null: of a column, which may be nested. Null when it is none that a column can have. */
export function valueTypeOf(node: t.TSType, module: ModuleSource, modules: Modules, kind: MemberKind | null = "values"): ValueType | null {
  try {
    return new Reader(modules, kind).read({ node, module, bound: NONE });
  } catch (error) {
    if (error instanceof UnsupportedType) return null;
    throw error;
  }
}

class Reader {
  readonly #modules: Modules;
  /** Members of this kind only; null: each has to be a column. */
  readonly #kind: MemberKind | null;
  /** The declarations that are being read, the outermost first. */
  readonly #open: t.Node[] = [];

  constructor(modules: Modules, kind: MemberKind | null = null) {
    this.#modules = modules;
    this.#kind = kind;
  }

  row(at: Placed): RowType {
    const { node, module } = at;
    switch (node.type) {
      case "TSParenthesizedType":
        return this.row({ ...at, node: node.typeAnnotation });
      case "TSTypeLiteral":
        return this.#members(node.members, at);
      case "TSUnionType": {
        // A table's rows are none, but a variable may be `Options | null`.
        const [some, ...others] = node.types.filter((part) => !isNothing(part));
        if (!this.#kind || !some || others.length > 0) throw new UnsupportedType(node, module);
        return this.row({ ...at, node: some });
      }
      case "TSIntersectionType":
        return node.types.map((part) => this.row({ ...at, node: part })).reduce(merge);
      case "TSTypeReference":
        return this.#reference(node, at);
      default:
        throw new UnsupportedType(node, module);
    }
  }

  #members(members: readonly t.TSTypeElement[], { module, bound, wants, namesOnly }: Omit<Placed, "node">): RowType {
    let failed: UnsupportedType | null = null;
    const row = members.flatMap((member): Column[] => {
      const written = "key" in member && !member.computed ? propertyName(member.key) : null;
      if (written !== null && wants?.(written) === false) return [];
      if (written !== null && namesOnly) return [{ name: written, type: NOT_READ }];
      if (this.#kind && !this.#isColumn(member, module, bound)) return [];
      if (member.type !== "TSPropertySignature" || !member.typeAnnotation) throw new UnsupportedType(member, module);
      const name = propertyName(member.key);
      if (name === null || (member.computed && member.key.type === "Identifier")) throw new UnsupportedType(member, module);
      try {
        const type = this.read({ node: member.typeAnnotation.typeAnnotation, module, bound });
        return [{ name, type: member.optional ? { ...type, nullable: true } : type }];
      } catch (error) {
        if (!(error instanceof UnsupportedType)) throw error;
        error.column ??= { name, member };
        if (failed) failed.others.push(error);
        else failed = error;
        return [];
      }
    });
    if (failed) throw failed;
    return row;
  }

  #isColumn(member: t.TSTypeElement, module: ModuleSource, bound: Bound): boolean {
    if (member.type !== "TSPropertySignature" || !member.typeAnnotation) return false;
    try {
      this.read({ node: member.typeAnnotation.typeAnnotation, module, bound });
      return true;
    } catch (error) {
      if (error instanceof UnsupportedType) return false;
      throw error;
    }
  }

  #reference(node: t.TSTypeReference, at: Placed): RowType {
    if (node.typeName.type !== "Identifier") throw new UnsupportedType(node, at.module);
    const name = node.typeName.name;
    const args = (node.typeArguments?.params ?? []) as t.TSType[];
    const substituted = at.bound.get(name);
    return substituted ? this.row({ ...at, ...substituted }) : this.#applied(name, args, node, at);
  }

  /** `Trip`, `Page<Row>`, `Omit<Trip, "id">`, also where an interface extends it. */
  #applied(name: string, args: readonly t.TSType[], node: t.Node, at: Omit<Placed, "node">): RowType {
    const { module, bound, wants } = at;
    const utility = /^(Readonly|Partial|Pick|Omit)$/.exec(name)?.[0];
    if (utility && !module.types.has(name)) {
      if (!args[0]) throw new UnsupportedType(node, module);
      const [of, chosen] = args as [t.TSType, t.TSType | undefined];
      if (utility === "Readonly") return this.row({ ...at, node: of });
      if (utility === "Partial") return this.row({ ...at, node: of }).map((c) => ({ ...c, type: { ...c.type, nullable: true } }));
      if (!chosen) throw new UnsupportedType(node, module);
      const keys = this.#keys({ node: chosen, module, bound });
      return this.row({ ...at, node: of, wants: (member) => wants?.(member) !== false && keys.has(member) === (utility === "Pick") });
    }
    return this.#named(name, args, node, at);
  }

  #named(name: string, args: readonly t.TSType[], node: t.Node, at: Omit<Placed, "node">): RowType {
    const { module } = at;
    const found = this.#modules.typeNamed(module, name, node);
    if (!found) throw new UnsupportedType(node, module);
    return this.#inside(found.node, node, module, () => this.#declared(found, args, at));
  }

  /** Reads a declaration's own types. One that is inside of itself again and again has no end. */
  #inside<T>(declaration: t.Node, node: t.Node, module: ModuleSource, read: () => T): T {
    if (this.#open.filter((open) => open === declaration).length > 3) throw new UnsupportedType(node, module);
    this.#open.push(declaration);
    try {
      return read();
    } finally {
      this.#open.pop();
    }
  }

  #declared(found: NonNullable<ReturnType<Modules["typeNamed"]>>, args: readonly t.TSType[], at: Omit<Placed, "node">): RowType {
    const { module, bound } = at;
    const declaration = found.node;
    const parameters = declaration.typeParameters?.params ?? [];
    const inner = new Map<string, Placed>();
    parameters.forEach((parameter, n) => {
      const p = parameter as t.TSTypeParameter;
      const given = args[n];
      const placed = given ? { node: given, module, bound } : p.default ? { node: p.default, module: found.module, bound: inner } : null;
      if (placed) inner.set((p.name as unknown as t.Identifier).name, placed);
    });
    if (declaration.type === "TSTypeAliasDeclaration") return this.row({ ...at, node: declaration.typeAnnotation, module: found.module, bound: inner });
    const declared = { ...at, module: found.module, bound: inner };
    const own = this.#members(declaration.body.body, declared);
    return (declaration.extends ?? [])
      .map((heritage) => {
        if (heritage.expression.type !== "Identifier") throw new UnsupportedType(heritage, found.module);
        return this.#applied(heritage.expression.name, (heritage.typeArguments?.params ?? []) as t.TSType[], heritage, declared);
      })
      .concat([own])
      .reduce(override);
  }

  /** The type of a value, or of what a list or a look-up holds. */
  read(at: Placed): ValueType {
    if (this.#kind !== "lists" && this.#kind !== "lookups") return this.value(at);
    const { node, module, bound } = at;
    if (node.type === "TSParenthesizedType") return this.read({ node: node.typeAnnotation, module, bound });
    if (node.type === "TSUnionType") {
      const some = node.types.filter((part) => !isNothing(part));
      if (some.length === 1) {
        const held = this.read({ node: some[0]!, module, bound });
        return this.#kind === "lists" ? { ...held, nullable: held.nullable || some.length < node.types.length } : held;
      }
    }
    const held = this.#kind === "lists" ? elementType(node) : entryType(node);
    if (!held) throw new UnsupportedType(node, module);
    return this.value({ node: held, module, bound });
  }

  value(at: Placed): ValueType {
    const { node, module, bound } = at;
    const simple = keywords[node.type];
    if (simple) return { js: simple, nullable: false };
    switch (node.type) {
      case "TSParenthesizedType":
        return this.value({ node: node.typeAnnotation, module, bound });
      case "TSArrayType":
        return this.#list(node.elementType, node, at);
      case "TSTypeOperator":
        return this.value({ node: node.typeAnnotation!, module, bound });
      case "TSLiteralType":
        return { js: literalType(node, module), nullable: false };
      case "TSUnionType":
        return this.#union(node, module, bound);
      case "TSTypeReference":
        return this.#valueReference(node, module, bound);
      case "TSTypeLiteral":
      case "TSIntersectionType":
        return this.#object(at);
      default:
        throw new UnsupportedType(node, module);
    }
  }

  /** A column of lists; of what is no column, lists are another kind. */
  #list(element: t.TSType, node: t.Node, { module, bound }: Placed): ValueType {
    if (this.#kind !== null) throw new UnsupportedType(node, module);
    return listOf(this.value({ node: element, module, bound }));
  }

  /** A column of objects; an object of what is no column is another kind. */
  #object(at: Placed): ValueType {
    if (this.#kind !== null) throw new UnsupportedType(at.node, at.module);
    const members = this.row(at);
    if (members.length === 0) throw new UnsupportedType(at.node, at.module);
    return { js: objectOf(members), nullable: false };
  }

  #union(node: t.TSUnionType, module: ModuleSource, bound: Bound): ValueType {
    const parts = node.types.filter((part) => !isNothing(part)).map((part) => this.value({ node: part, module, bound }));
    const [first, ...others] = parts;
    if (!first || others.some((other) => !isSameJs(other.js, first.js))) throw new UnsupportedType(node, module);
    const type = parts.reduce(eitherType);
    return { ...type, nullable: type.nullable || node.types.some(isNothing) };
  }

  #valueReference(node: t.TSTypeReference, module: ModuleSource, bound: Bound): ValueType {
    if (node.typeName.type !== "Identifier") throw new UnsupportedType(node, module);
    const name = node.typeName.name;
    const substituted = bound.get(name);
    if (substituted) return this.value(substituted);
    if (name === "Date") return { js: "date", nullable: false };
    const args = (node.typeArguments?.params ?? []) as t.TSType[];
    if (/^(Readonly)?Array$/.test(name) && args[0] && !module.types.has(name)) return this.#list(args[0], node, { node, module, bound });
    if (name === "NonNullable" && args[0]) return { ...this.value({ node: args[0], module, bound }), nullable: false };
    const members = module.enums.get(name);
    if (members) return { js: enumType(members, node, module), nullable: false };
    const found = this.#modules.typeNamed(module, name, node);
    const isUtility = /^(Readonly|Partial|Pick|Omit)$/.test(name) && !module.types.has(name);
    if (isUtility || found?.node.type === "TSInterfaceDeclaration" || args.length > 0) return this.#object({ node, module, bound });
    if (found?.node.type !== "TSTypeAliasDeclaration") throw new UnsupportedType(node, module);
    const { typeAnnotation } = found.node;
    return this.#inside(found.node, node, module, () => this.value({ node: typeAnnotation, module: found.module, bound: NONE }));
  }

  /** `"a" | "b"`, also behind an alias or `keyof T`. */
  #keys(at: Placed): Set<string> {
    const { node, module, bound } = at;
    if (node.type === "TSUnionType") return new Set(node.types.flatMap((part) => [...this.#keys({ node: part, module, bound })]));
    if (node.type === "TSParenthesizedType") return this.#keys({ node: node.typeAnnotation, module, bound });
    if (node.type === "TSLiteralType" && node.literal.type === "StringLiteral") return new Set([node.literal.value]);
    if (node.type === "TSTypeOperator" && node.operator === "keyof") {
      return new Set(this.row({ node: node.typeAnnotation!, module, bound, namesOnly: true }).map((c) => c.name));
    }
    if (node.type === "TSTypeReference" && node.typeName.type === "Identifier") {
      const substituted = bound.get(node.typeName.name);
      if (substituted) return this.#keys(substituted);
      const found = this.#modules.typeNamed(module, node.typeName.name, node);
      if (found?.node.type === "TSTypeAliasDeclaration") return this.#keys({ node: found.node.typeAnnotation, module: found.module, bound: NONE });
    }
    throw new UnsupportedType(node, module);
  }
}

/** Of a member whose name is asked for. */
const NOT_READ: ValueType = { js: "number", nullable: false };

const isNothing = (part: t.TSType): boolean => part.type === "TSNullKeyword" || part.type === "TSUndefinedKeyword";

/** Numbers unless texts are given; not a mixture. */
function enumType({ body }: t.TSEnumDeclaration, node: t.Node, module: ModuleSource): ScalarType {
  const texts = body.members.filter((m) => m.initializer?.type === "StringLiteral" || m.initializer?.type === "TemplateLiteral");
  if (texts.length > 0 && texts.length < body.members.length) throw new UnsupportedType(node, module);
  return texts.length > 0 ? "string" : "number";
}

/** `T` of `T[]`, `readonly T[]`, `Array<T>`, `Set<T>`. */
export function elementType(node: t.TSType): t.TSType | null {
  if (node.type === "TSArrayType") return node.elementType;
  if (node.type === "TSTypeOperator") return node.typeAnnotation?.type === "TSArrayType" ? node.typeAnnotation.elementType : null;
  return argumentOf(node, /^(Readonly)?(Array|Set)$/, 0);
}

/** `V` of `Record<K, V>`, `Map<K, V>`, `{ [key: string]: V }`. */
function entryType(node: t.TSType): t.TSType | null {
  if (node.type !== "TSTypeLiteral") return argumentOf(node, /^(Record|(Readonly)?Map)$/, 1);
  const [member, ...more] = node.members;
  return member?.type === "TSIndexSignature" && more.length === 0 ? (member.typeAnnotation?.typeAnnotation as t.TSType | undefined) ?? null : null;
}

function argumentOf(node: t.TSType, name: RegExp, position: number): t.TSType | null {
  const isNamed = node.type === "TSTypeReference" && node.typeName.type === "Identifier" && name.test(node.typeName.name);
  return isNamed ? ((node.typeArguments?.params[position] as t.TSType | undefined) ?? null) : null;
}

const keywords: Readonly<Record<string, ScalarType>> = {
  TSNumberKeyword: "number",
  TSStringKeyword: "string",
  TSBooleanKeyword: "boolean",
  TSBigIntKeyword: "bigint",
  TSTemplateLiteralType: "string",
};

function literalType(node: t.TSLiteralType, module: ModuleSource): ScalarType {
  switch (node.literal.type) {
    case "StringLiteral":
    case "TemplateLiteral":
      return "string";
    case "NumericLiteral":
    case "UnaryExpression":
      return "number";
    case "BooleanLiteral":
      return "boolean";
    case "BigIntLiteral":
      return "bigint";
    default:
      throw new UnsupportedType(node, module);
  }
}

const propertyName = (key: t.Node): string | null =>
  key.type === "Identifier" ? key.name : key.type === "StringLiteral" ? key.value : key.type === "NumericLiteral" ? String(key.value) : null;

/** An interface's own member stands for the inherited one. */
const override = (base: RowType, own: RowType): RowType => [
  ...base.filter((c) => !own.some((o) => o.name === c.name)),
  ...own,
];

/** In an intersection a member that is non-null on one side is non-null. */
const merge = (a: RowType, b: RowType): RowType => [
  ...a.map((c) => {
    const other = b.find((o) => o.name === c.name);
    return other ? { name: c.name, type: { ...c.type, nullable: c.type.nullable && other.type.nullable } } : c;
  }),
  ...b.filter((c) => !a.some((o) => o.name === c.name)),
];

/** Values known at build time: of `const` declarations and enums, for whoever resolves names. */
import type * as t from "@babel/types";
import type { ConstantValue } from "../row-function.ts";

/** Null when the initialiser is not made of literals alone. `lookup` answers names of other constants. */
export function evaluateConstant(node: t.Node, lookup: (name: string) => { value: ConstantValue } | null = () => null): { value: ConstantValue } | null {
  const of = (value: ConstantValue) => ({ value });
  const each = (nodes: readonly (t.Node | null)[]): ConstantValue[] | null => {
    const values: ConstantValue[] = [];
    for (const item of nodes) {
      const value = item && evaluateConstant(item, lookup);
      if (!value) return null;
      values.push(value.value);
    }
    return values;
  };
  switch (node.type) {
    case "NumericLiteral":
    case "StringLiteral":
    case "BooleanLiteral":
      return of(node.value);
    case "NullLiteral":
      return of(null);
    case "BigIntLiteral":
      return of(BigInt(node.value));
    case "Identifier":
      return globals.has(node.name) ? of(globals.get(node.name)!) : node.name === "undefined" ? of(undefined) : lookup(node.name);
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
    case "ParenthesizedExpression":
      return evaluateConstant(node.expression, lookup);
    case "TemplateLiteral": {
      const values = each(node.expressions);
      return values && of(node.quasis.map((quasi, i) => quasi.value.cooked + (i < values.length ? String(values[i]) : "")).join(""));
    }
    case "UnaryExpression": {
      const argument = evaluateConstant(node.argument, lookup);
      return argument && unary(node.operator, argument.value);
    }
    case "BinaryExpression": {
      const [left, right] = [evaluateConstant(node.left, lookup), evaluateConstant(node.right, lookup)];
      return left && right && binary(node.operator, left.value, right.value);
    }
    case "ArrayExpression": {
      const values = each(node.elements);
      return values && of(values);
    }
    case "NewExpression": {
      const [argument] = node.arguments;
      if (node.callee.type !== "Identifier" || node.callee.name !== "Set" || node.arguments.length !== 1 || argument?.type !== "ArrayExpression") return null;
      const values = each(argument.elements);
      return values && of(new Set(values));
    }
    case "CallExpression": {
      // Object.freeze changes nothing that can be seen here.
      const { callee, arguments: args } = node;
      const freeze = callee.type === "MemberExpression" && callee.object.type === "Identifier" && callee.object.name === "Object" && callee.property.type === "Identifier" && callee.property.name === "freeze";
      return freeze && args.length === 1 ? evaluateConstant(args[0]!, lookup) : null;
    }
    case "ObjectExpression": {
      const record: Record<string, ConstantValue> = {};
      for (const property of node.properties) {
        if (property.type !== "ObjectProperty") return null;
        const key = property.computed ? evaluateConstant(property.key, lookup)?.value : property.key.type === "Identifier" ? property.key.name : evaluateConstant(property.key)?.value;
        const value = evaluateConstant(property.value, lookup);
        if ((typeof key !== "string" && typeof key !== "number") || !value) return null;
        record[key] = value.value;
      }
      return of(record);
    }
    default:
      return null;
  }
}

/** An enum's members and, for numbers, its reverse mapping. Null when a member is computed at run time. */
export function evaluateEnum(node: t.TSEnumDeclaration): ConstantValue {
  const record: Record<string, ConstantValue> = {};
  let next: number | null = 0;
  for (const member of node.body.members) {
    const name = member.id.type === "Identifier" ? member.id.name : member.id.value;
    const own = member.initializer && evaluateConstant(member.initializer, (other) => (other in record ? { value: record[other]! } : null));
    const value: ConstantValue = member.initializer ? (own?.value ?? null) : next;
    if (typeof value !== "number" && typeof value !== "string") return null;
    record[name] = value;
    if (typeof value === "number") record[value] = name;
    next = typeof value === "number" ? value + 1 : null;
  }
  return record;
}

const globals: ReadonlyMap<string, number> = new Map([["NaN", NaN], ["Infinity", Infinity]]);

function unary(operator: string, x: ConstantValue): { value: ConstantValue } | null {
  if (operator === "!") return { value: !x };
  if (operator === "-" && (typeof x === "number" || typeof x === "bigint")) return { value: -x };
  if (operator === "+" && typeof x === "number") return { value: x };
  return operator === "~" && typeof x === "number" ? { value: ~x } : null;
}

/** Arithmetic that every engine does alike. */
function binary(operator: string, a: ConstantValue, b: ConstantValue): { value: ConstantValue } | null {
  if (operator === "+" && typeof a === "string" && typeof b === "string") return { value: a + b };
  if (typeof a !== "number" || typeof b !== "number") return null;
  const value = arithmetic[operator]?.(a, b);
  return value === undefined ? null : { value };
}

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "|": (a, b) => a | b,
  "&": (a, b) => a & b,
  "^": (a, b) => a ^ b,
  "<<": (a, b) => a << b,
  ">>": (a, b) => a >> b,
  ">>>": (a, b) => a >>> b,
};

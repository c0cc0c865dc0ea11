/** What cannot throw, as far as its name says: JavaScript's own functions and methods, but for those that refuse some values of the right type. */
import type * as t from "@babel/types";
import { collectiveOf } from "./collectives.ts";
import { methodOf } from "./methods.ts";
import { bare } from "./module.ts";
import { type Place, runtimeName } from "./names.ts";
import { childNodes } from "./walk.ts";

export type Call = t.CallExpression | t.OptionalCallExpression | t.NewExpression | t.TaggedTemplateExpression;

export const isCall = (node: t.Node): node is Call => /^(Call|OptionalCall|New|TaggedTemplate)Expression$/.test(node.type);

export const calleeOf = (call: Call): t.Node => bare(call.type === "TaggedTemplateExpression" ? call.tag : call.callee);

export const argumentsOf = (call: Call): readonly t.Node[] => (call.type === "TaggedTemplateExpression" ? call.quasi.expressions : call.arguments);

const FUNCTIONS = /^(Number|String|Boolean|parseInt|parseFloat|isNaN|isFinite|Map|Set|WeakMap|Date|\w*Error)$/;
/** Of a length that there is not. */
const LISTS = /^(Array|\w+\d+Array|Uint8ClampedArray)$/;
const OBJECTS = /^(Math|Number|Object|Array|Date|console|performance|\w+\d+Array)$/;
const METHODS = /^(subarray|codePointAt|getTime|get(UTC)?(FullYear|Month|Date|Day|Hours|Minutes|Seconds|Milliseconds))$/;
/** Of a negative number, an unknown form, an invalid date, an index that there is not, too long a list. */
const REFUSING = /^(repeat|normalize|toISOString|with|set|localeCompare)$/;
/** Of arguments that there may be. */
const REFUSING_ARGUMENTS = /^(toFixed|toPrecision|toExponential|toString|toLocale\w+)$/;
/** Of a text that is no pattern, or a pattern without the flag g. */
const PATTERNS = /^(match|search|matchAll|replaceAll)$/;

export function cannotThrow(call: Call, place: Place): boolean {
  const callee = calleeOf(call);
  // What collectives throw they throw on all ranks.
  if (collectiveOf(callee, place) || /^(rank|size)$/.test(runtimeName(callee, place) ?? "")) return true;
  const isGlobal = (name: string): boolean => !place.scope.getBinding(name);
  if (callee.type === "Identifier") return isGlobal(callee.name) && (FUNCTIONS.test(callee.name) || (LISTS.test(callee.name) && argumentsOf(call).every(({ type }) => type === "ArrayExpression" || type === "NumericLiteral")));
  if ((callee.type !== "MemberExpression" && callee.type !== "OptionalMemberExpression") || callee.computed || callee.property.type !== "Identifier") return false;
  const { name } = callee.property;
  const object = bare(callee.object);
  if (object.type === "Identifier" && isGlobal(object.name)) return OBJECTS.test(object.name);
  // Of an empty list without a first value.
  if (/^reduce(Right)?$/.test(name)) return argumentsOf(call).length > 1;
  const [first] = argumentsOf(call);
  if (PATTERNS.test(name)) return first?.type === "RegExpLiteral" ? !name.endsWith("All") || first.flags.includes("g") : name === "replaceAll" && first?.type === "StringLiteral";
  if (REFUSING_ARGUMENTS.test(name) && first !== undefined && first.type !== "NumericLiteral") return false;
  return METHODS.test(name) || (methodOf(name) !== undefined && !REFUSING.test(name));
}

/** A finalizer that itself jumps, `finally { continue; }`, lets no error go on. */
export const swallows = (finalizer: t.Node): boolean =>
  /^(Return|Break|Continue)Statement$/.test(finalizer.type) || (!/Function|Method/.test(finalizer.type) && childNodes(finalizer).some(swallows));

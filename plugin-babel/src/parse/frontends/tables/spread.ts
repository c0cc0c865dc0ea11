/** `spread("pair", { as: ["first", "second"] })`, `spread({ part: (d) => d.text.split("-") }, { limit: 3, drop: false })`. */
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import { spanOf } from "../../../source/module.ts";
import { optionsOf } from "../../../verbs/index.ts";
import { areSound, constantIn, literalRow, membersOf, missing, type Reader } from "./arguments.ts";
import { ARRAYS, readLists } from "./unroll.ts";

/** The operands: the arrays; how many columns each becomes, and the names. */
export const readSpread: Reader = (nodes, out, context) => {
  const { place, call, report } = context;
  const [values, options] = nodes.splice(0, 2);
  if (!values) return missing(ARRAYS, context);
  readLists(values, out, context);
  const span = spanOf(options ?? call, place.module);
  const isSound = !options || areSound(options, optionsOf.spread, out, context);
  const members = options ? membersOf(options) : new Map();
  const constant = (name: string): unknown => constantIn(members, name, place);
  const [as, drop] = [constant("as"), constant("drop")];
  const limit = constant("limit") ?? (Array.isArray(as) ? as.length : undefined);
  const isRead = members !== null && Number.isSafeInteger(limit) && (limit as number) > 0 && ["as", "limit", "drop"].every((name) => !members.has(name) || constant(name) !== undefined);
  if (!isSound || !isRead) {
    out.open = true;
    if (isSound) report(verbArgument("spread", "{ as: […] }, the names of the columns, or { limit: n }, how many there are,", span, 'write them, since the columns have to be known when building: spread("pair", { as: ["first", "second"] })'));
    return;
  }
  out.rows.push(literalRow({ role: "parameter", name: "limit", input: 0 }, limit as number, span));
  if (Array.isArray(as)) as.forEach((name, n) => out.rows.push(literalRow({ role: "parameter", name: `as ${n}`, input: 0 }, name as string, span)));
  if (drop === false) out.rows.push(literalRow({ role: "parameter", name: "drop", input: 0 }, false, span));
};

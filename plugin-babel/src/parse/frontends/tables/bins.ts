/** Bins: `op.bins("x", 20)`, an aggregate, and `bin("x", { maxbins: 20 })`, a row's bin. How values are binned is known when building. */
import type * as t from "@babel/types";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import type { Binning } from "../../../ir/ir.ts";
import { constantOf } from "../../../source/constants.ts";
import { bare, spanOf } from "../../../source/module.ts";
import { runtimeName } from "../../../source/names.ts";
import { optionsOf } from "../../../verbs/index.ts";
import { type ArgumentContext, type Arguments, membersOf, rowArgument } from "./arguments.ts";
import { columnName } from "./columns.ts";
import { readOptions } from "./options.ts";

interface Rule {
  readonly words: string;
  readonly test: (value: unknown) => boolean;
}

const number = (words: string, test: (n: number) => boolean): Rule => ({ words, test: (value) => typeof value === "number" && Number.isFinite(value) && test(value) });

/** As the runtime has them (`tables/bins.ts`). */
const rules: Readonly<Record<keyof Binning, Rule>> = {
  maxbins: number("a number of 1 or more", (n) => n >= 1),
  nice: { words: "true or false", test: (value) => typeof value === "boolean" },
  minstep: number("a number of 0 or more", (n) => n >= 0),
  step: number("a number above 0", (n) => n > 0),
  offset: number("a number", () => true),
};

const defaults: Binning = { maxbins: 15, nice: true, minstep: 0 };

/** Arquero's order: `op.bins(column, maxbins, nice, minstep, step)`. */
const positions = ["maxbins", "nice", "minstep", "step"] as const;

/** Takes the arguments behind the first from the front of the list. */
export function readBinning(rest: t.Node[], context: ArgumentContext): Binning {
  const nodes = rest.splice(0, positions.length);
  return binningOf("op.bins", nodes.map((node, n) => ({ name: positions[n]!, node, constant: constantOf(node, context.place) })), context);
}

/** False: it is no call of `bin`. */
export function readBin(name: string, node: t.Node, out: Arguments, context: ArgumentContext): boolean {
  const e = bare(node);
  if (e.type !== "CallExpression" || runtimeName(e.callee, context.place) !== "bin") return false;
  const { place } = context;
  const [column, options, ...more] = e.arguments as t.Node[];
  for (const extra of more) context.report(verbArgument("bin", "no further argument", spanOf(extra, place.module), 'write options: bin("x", { maxbins: 20 })'));
  if (!column || columnName(column, context) === null) {
    out.open = true;
    context.report(verbArgument("bin", "a column name", spanOf(column ?? e, place.module), 'derive the numbers first, and name their column: bin("x")'));
    return true;
  }
  rowArgument(column, { role: "window", name, input: 0, window: "bin", binning: binningOf("bin", options ? readOptionsOf(options, context) : [], context) }, out, context);
  return true;
}

interface Given {
  readonly name: string;
  readonly node: t.Node;
  readonly constant: { readonly value: unknown } | null;
}

/** The options of `bin`, written at the call or in a const. */
function readOptionsOf(options: t.Node, context: ArgumentContext): Given[] {
  const { place, report } = context;
  readOptions(options, "bin", optionsOf.bin, place, report);
  const members = membersOf(options);
  if (members) return [...members].map(([name, node]) => ({ name, node, constant: constantOf(node, place) }));
  const constant = constantOf(options, place);
  if (constant === null) report(verbArgument("bin", "an object of options that are known when building", spanOf(options, place.module), "write them where they stand, { maxbins: 20 }, or let the const end in \"as const\": nothing changes it then"));
  const written = constant?.value;
  return typeof written === "object" && written !== null ? Object.entries(written).map(([name, value]) => ({ name, node: options, constant: { value } })) : [];
}

function binningOf(owner: string, given: readonly Given[], context: ArgumentContext): Binning {
  const values = given.flatMap(({ name, node, constant }): [string, unknown][] => {
    const rule = Object.hasOwn(rules, name) ? rules[name as keyof Binning] : undefined;
    if (rule === undefined || (constant && constant.value === undefined)) return [];
    if (constant && rule.test(constant.value)) return [[name, constant.value]];
    // An option of another type has been reported.
    const isReported = owner === "bin" && constant !== null && typeof constant.value !== (name === "nice" ? "boolean" : "number");
    const span = spanOf(node, context.place.module);
    if (!isReported) context.report(verbArgument(owner, `${rule.words}${constant ? "" : " known when building"} as ${name}`, span, `write ${rule.words}${constant ? "" : " where it stands"}`));
    return [];
  });
  return { ...defaults, ...Object.fromEntries(values) };
}

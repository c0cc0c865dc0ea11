/** Samples, of the plan's nodes there are: random numbers as expressions, sorts, slices and joins. */
import type { Expression, NamedExpression } from "@lockstep/native/plan";
import { seeds, type SampleOptions } from "../tables/sample.ts";
import { literalTable } from "./literal-table.ts";
import { SpmdTable, type Sited } from "./table.ts";

/** Columns that no program has. */
const [ROW, AT, GROUP, SIZE, PLACE, DRAW, WEIGHT] = [" row", " at", " group", " size", " place", " draw", " weight"];

/** Up to so many rows of a group are chosen where they are, before they move. */
const FEW = 128;

/** The sampled rows, in order, with `columns`; of each group by `keys`. */
export function sampled(table: SpmdTable, keys: NamedExpression[], size: number, { replace = false, shuffle = true, seed = 0 }: SampleOptions, site: string, { columns, weight }: { columns: string[]; weight: Expression | undefined }): SpmdTable {
  const [, ofDraws, ofPlaces] = seeds(seed);
  const sortedBy = (rows: SpmdTable, ...names: string[]): SpmdTable => rows.orderby({ site, keys: names.map((name) => ({ expression: column(name), descending: false })) });
  let chosen: SpmdTable;
  if (replace) chosen = drawn(numberedRows(table, site), keys, size, [ofDraws, ofPlaces], site, columns);
  else {
    const whole = size <= FEW ? [{ name: GROUP, expression: number(0) }] : [];
    chosen = (weight ? byWeight(table, weight, seed, site) : atRandom(table, seed, site)).slice(0, size, { site }, keys.length > 0 ? keys : whole);
    // The heavy ones came first.
    if (weight) chosen = chosen.derive({ site, columns: [{ name: AT, expression: random(ofPlaces, column(ROW), number(0)) }] });
  }
  const ordered = shuffle ? (replace || weight || keys.length > 0 ? sortedBy(chosen, AT) : chosen) : sortedBy(chosen, ROW);
  return ordered.select({ site, columns: columns.map((name) => ({ from: name, as: name })) });
}

/** All rows, in random order, with `columns`. */
export function shuffled(table: SpmdTable, seed: number, site: string, columns: string[]): SpmdTable {
  return atRandom(table, seed, site).select({ site, columns: columns.map((name) => ({ from: name, as: name })) });
}

/** Numbered rows, sorted by a random number each, the less for more weight: `weighted` of `tables/sample.ts`. */
function byWeight(table: SpmdTable, weight: Expression, seed: number, site: string): SpmdTable {
  const [ofRows] = seeds(seed);
  const [heavy, none]: [Expression, Expression] = [{ kind: "nullish", left: column(WEIGHT), right: number(0), type: "number" }, number(0)];
  const key = call("div", call("neg", call("Math.log", random(ofRows, column(ROW), none))), heavy);
  const test: Expression = { kind: "call", function: "gt", args: [heavy, none], type: "boolean" };
  return numberedRows(table.derive({ site, columns: [{ name: WEIGHT, expression: weight }] }), site)
    .derive({ site, columns: [{ name: AT, expression: { kind: "if", test, then: key, else: call("div", number(1), none), type: "number" } }] })
    .orderby({ site, keys: [{ expression: column(AT), descending: false }] });
}

/** Numbered rows, sorted by a random number each. */
function atRandom(table: SpmdTable, seed: number, site: string): SpmdTable {
  const [ofRows] = seeds(seed);
  return numberedRows(table, site)
    .derive({ site, columns: [{ name: AT, expression: random(ofRows, column(ROW), number(0)) }] })
    .orderby({ site, keys: [{ expression: column(AT), descending: false }] });
}

function numberedRows(table: SpmdTable, site: string): SpmdTable {
  return table.window({ site, columns: [{ name: ROW, value: { kind: "function", function: "rowNumber", parameters: [] } }] });
}

/** Every group with every draw, which says the place of a row in the group. A group's number is that of its first row. */
function drawn(numbered: SpmdTable, keys: NamedExpression[], size: number, [ofDraws, ofPlaces]: [number, number], site: string, columns: string[]): SpmdTable {
  const rows = numbered.window({ site, columns: [
    { name: PLACE, value: { kind: "function", function: "rowNumber", parameters: [] } },
    { name: SIZE, value: { kind: "aggregate", aggregate: { name: SIZE, function: "count" } } },
    { name: GROUP, value: { kind: "aggregate", aggregate: { name: GROUP, function: "min", arg: column(ROW) } } },
  ] }, keys);
  const groups = rows.select({ site, columns: [GROUP, SIZE].map((name) => ({ from: name, as: name })) }).dedupe({ site, keys: [column(GROUP)] });
  const draws = new SpmdTable(literalTable({ [DRAW]: Array.from({ length: size }, (_, n) => n) }, [{ name: DRAW, type: "number", nullable: false }], site));
  const place = call("add", call("Math.floor", call("mul", random(ofDraws, column(DRAW), column(GROUP)), column(SIZE))), number(1));
  const places = groups
    .join(draws, { site, type: "inner", on: [], columns: [...[GROUP, SIZE].map((name) => ({ side: "left" as const, from: name, as: name })), { side: "right", from: DRAW, as: DRAW }] })
    .derive({ site, columns: [{ name: PLACE, expression: place }, { name: AT, expression: random(ofPlaces, column(DRAW), column(GROUP)) }] });
  const on = [GROUP, PLACE].map((name) => ({ left: column(name), right: column(name) }));
  return places.join(rows, { site, type: "inner", on, columns: [{ side: "left", from: AT, as: AT }, ...[ROW, ...columns].map((name) => ({ side: "right" as const, from: name, as: name }))] });
}

/** `randomOf` of `tables/sample.ts`. */
function random(seed: number, n: Expression, of: Expression): Expression {
  const high = mixed(call("add", call("add", mixed(call("bit.xor", number(seed), n), "a"), mixed(of, "b")), call("Math.floor", call("div", n, number(2 ** 32)))), "c");
  const local: Expression = { kind: "local", name: "high", type: "number" };
  const low = call("bit.ushr", mixed(call("bit.xor", local, number(0x5bd1e995)), "d"), number(11));
  const bits = call("add", call("mul", call("bit.ushr", local, number(0)), number(2 ** 21)), low);
  return { kind: "let", name: "high", value: high, body: call("div", bits, number(2 ** 53)) };
}

/** Names of locals are unique in an expression. */
function mixed(n: Expression, name: string): Expression {
  const step = (of: Expression, place: number, bits: number, then: (value: Expression) => Expression): Expression => {
    const local: Expression = { kind: "local", name: `${name}${place}`, type: "number" };
    return { kind: "let", name: `${name}${place}`, value: of, body: then(call("bit.xor", local, call("bit.ushr", local, number(bits)))) };
  };
  return step(n, 0, 16, (a) => step(call("Math.imul", a, number(0x85ebca6b)), 1, 13, (b) => step(call("Math.imul", b, number(0xc2b2ae35)), 2, 16, (c) => c)));
}

const column = (name: string): Expression => ({ kind: "column", name, type: "number" });
const number = (value: number): Expression => ({ kind: "literal", type: "number", value });
const call = (name: string, ...args: Expression[]): Expression => ({ kind: "call", function: name, args, type: "number" });

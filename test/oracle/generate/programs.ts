/** Random programs: a chain of verbs over two tables, as the source of an annotated function. */
import { Expressions, type Limits } from "./expressions.ts";
import { col, type Col, type JsType, named, type Random, type Schema } from "./schema.ts";
import type { MadeTable } from "./tables.ts";
import { binOf, windows } from "./windows.ts";

const js: readonly JsType[] = ["number", "number", "string", "string", "boolean", "bigint", "date"];
/** Joins multiply: what may grow beyond this is cut. */
const MOST_ROWS = 1500;

interface Step {
  readonly source: string;
  readonly schema: Schema;
  readonly rows: number;
}

interface Known extends Step {
  readonly name: string;
}

type Verb = (t: Known, made: Made) => Step | null;

/** One program being made. */
class Made {
  readonly r: Random;
  readonly limits: Limits = { mayThrow: true };
  /** Numbers of the program around the row functions. */
  readonly scalars: string[] = [];
  readonly tables: Known[];
  #columns = 0;

  constructor(r: Random, tables: Known[]) {
    this.r = r;
    this.tables = tables;
  }

  expressions(schema: Schema): Expressions {
    return new Expressions(this.r, schema, this.limits, this.scalars);
  }

  column(): string {
    return `n${this.#columns++}`;
  }
}

const verbs: readonly Verb[] = [
  (t, m) => ({ ...t, source: `.filter(${m.expressions(t.schema).predicate()})` }),
  (t, m) => {
    const schema = new Map(t.schema);
    const functions = Array.from({ length: m.r.int(1, 3) }, () => {
      const { source, col } = m.expressions(t.schema).column(m.r.of(js));
      const name = m.r.chance(20) ? m.r.of([...t.schema.keys()]) : m.column();
      return { name, source, col };
    }).filter(({ name }, i, all) => all.findIndex((other) => other.name === name) === i);
    for (const { name, col } of functions) schema.set(name, col);
    return { ...t, schema, source: `.derive({ ${functions.map(({ name, source }) => `${name}: ${source}`).join(", ")} })` };
  },
  (t, m) => {
    const names = m.r.some([...t.schema.keys()]);
    const renamed = m.r.chance(30) ? m.column() : null;
    const entries = names.map((name, i): [string, Col] => [renamed !== null && i === 0 ? renamed : name, t.schema.get(name)!]);
    const items = names.map((name, i) => (renamed !== null && i === 0 ? `{ ${name}: "${renamed}" }` : `"${name}"`));
    return { ...t, schema: new Map(entries), source: `.select(${items.join(", ")})` };
  },
  (t, m) => {
    const name = m.r.of([...t.schema.keys()]);
    const next = m.column();
    return { ...t, schema: new Map([...t.schema].map(([old, c]) => [old === name ? next : old, c])), source: `.rename({ ${name}: "${next}" })` };
  },
  (t, m) => {
    const keys = keysOf(t.schema, m);
    if (keys.length === 0) return null;
    const items = keys.map(({ name, source }) => (m.r.chance(25) ? source : `"${name}"`)).map((key) => (m.r.chance(40) ? `desc(${key})` : key));
    return { ...t, source: `.orderby(${items.join(", ")})` };
  },
  (t, m) => {
    const [a, b] = [m.r.int(-40, 40), m.r.int(-20, 80)];
    return { ...t, source: m.r.chance(25) ? `.slice(${a})` : `.slice(${a}, ${b})` };
  },
  (t, m) => {
    const names = named(t.schema, null);
    const whole = names.length === t.schema.size && m.r.chance(30);
    return names.length === 0 ? null : { ...t, source: whole ? ".dedupe()" : `.dedupe(${m.r.some(names, 2).map((name) => `"${name}"`).join(", ")})` };
  },
  (t, m) => {
    // Whole rows are the keys.
    if (named(t.schema, null).length < t.schema.size) return null;
    return { ...t, rows: 2 * t.rows, source: `.${m.r.of(["union", "intersect", "except"])}(${t.name}.filter(${m.expressions(t.schema).predicate()}))` };
  },
  (t, m) => ({ ...t, rows: 2 * t.rows, source: `.concat(${t.name}.filter(${m.expressions(t.schema).predicate()}))` }),
  (t, m) => {
    const keys = keysOf(t.schema, m).filter(({ name }, i, all) => all.findIndex((other) => other.name === name) === i);
    if (keys.length === 0) return null;
    const schema = new Map<string, Col>();
    const items = keys.map(({ name, source }) => {
      if (t.schema.get(name)!.js === "number" && m.r.chance(20)) {
        const own = m.column();
        schema.set(own, { ...t.schema.get(name)!, dyadic: false });
        return `{ ${own}: ${binOf(name, m.r)} }`;
      }
      if (m.r.chance(75)) {
        schema.set(name, t.schema.get(name)!);
        return `"${name}"`;
      }
      const own = m.column();
      schema.set(own, t.schema.get(name)!);
      return `{ ${own}: ${source} }`;
    });
    const aggregates = rollup(t.schema, m);
    for (const [name, c] of aggregates.schema) schema.set(name, c);
    return { ...t, schema, source: `.groupby(${items.join(", ")}).rollup({ ${aggregates.source} })` };
  },
  (t, m) => {
    const aggregates = rollup(t.schema, m);
    return { rows: 1, schema: aggregates.schema, source: `.rollup({ ${aggregates.source} })` };
  },
  // One column computed, so of another Arrow type perhaps, and stood elsewhere.
  (t, m) => {
    const names = named(t.schema, null);
    if (names.length === 0) return null;
    const name = m.r.of(names);
    const old = t.schema.get(name)!;
    // Never null: a column of nothing but nulls would take the other's type under plain Node, which knows no static ones.
    const schema = new Map(t.schema).set(name, { ...old, dyadic: false });
    const other = `${t.name}.derive({ ${name}: (d) => ${m.expressions(t.schema).value(old.js, 2)} })${m.r.chance(50) ? `.select("${name}", ${[...t.schema.keys()].map((each) => `"${each}"`).join(", ")})` : ""}`;
    return { schema, rows: 2 * t.rows, source: `.concat(${other})` };
  },
  (t) => ({ schema: new Map([["count", col("number", false)]]), rows: 1, source: ".count()" }),
  join,
  join,
  window,
  window,
  (t, { r }) => ({ ...t, source: `.sample(${r.int(0, 60)}, { seed: ${r.int(-9, 9)}, replace: ${r.chance(40)}, shuffle: ${r.chance(50)} })`, rows: Math.max(t.rows, 60) }),
  (t, m) => {
    const texts = named(t.schema, "string");
    if (texts.length === 0) return null;
    const [text, name] = [m.r.of(texts), m.r.chance(30) ? m.r.of([...t.schema.keys()]) : m.column()];
    const schema = new Map(t.schema).set(name, col("string", false));
    return { source: `.unroll({ ${name}: (d) => (d.${text} ?? "").split(${m.r.of(['" "', '"a"', '"ß"'])}) }${m.r.chance(30) ? ", { limit: 2 }" : ""})`, schema, rows: t.rows * 3 };
  },
];

/** Verbs whose result has the columns of its input: what a loop can repeat. */
const repeatable = [0, 4, 5, 6, 7].map((n) => verbs[n]!);

/** Columns as keys, each with the row function that gives it. */
function keysOf(schema: Schema, m: Made): { name: string; source: string }[] {
  const names = named(schema, null);
  return names.length === 0 ? [] : m.r.some(names, 3).map((name) => ({ name, source: `(d) => d.${name}` }));
}

function rollup(schema: Schema, m: Made): { source: string; schema: Map<string, Col> } {
  const { r } = m;
  const made = new Map<string, Col>();
  const parts = Array.from({ length: r.int(1, 4) }, () => {
    const name = m.column();
    const any = named(schema, null);
    const numbers = named(schema, "number");
    const set = (c: Col, source: string) => {
      made.set(name, c);
      return `${name}: ${source}`;
    };
    const kind = r.of(["count", "valid", "distinct", "sum", "mean", "min", "max", "variance", "stdev", "variancep", "stdevp", "median", "quantile", "invalid", "any", "first", "last", "mode", "product"]);
    if (kind === "count" || any.length === 0) return set(col("number", false), "op.count()");
    if (kind === "valid" || kind === "invalid" || kind === "distinct") return set(col("number", false), `op.${kind}("${r.of(any)}")`);
    if (["min", "max", "any", "first", "last", "mode"].includes(kind)) {
      if (r.chance(40)) {
        const { source, col: of } = m.expressions(schema).column(r.of(js));
        return set({ ...of, nullable: true }, `op.${kind}(${source})`);
      }
      const of = r.of(any);
      const c = schema.get(of)!;
      return set({ ...c, nullable: true }, `op.${kind}("${of}")`);
    }
    if (kind === "sum" && r.chance(30) && named(schema, "bigint").length > 0) return set(col("bigint", true), `op.sum("${r.of(named(schema, "bigint"))}")`);
    const second = kind === "quantile" ? `, ${r.of([0, 0.1, 0.25, 0.5, 0.99, 1])}` : "";
    if (numbers.length === 0 || r.chance(30)) {
      const { source, col: of } = m.expressions(schema).column("number");
      return set(col("number", true, { exact: kind === "sum" && of.dyadic }), `op.${kind}(${source}${second})`);
    }
    const of = r.of(numbers);
    return set(col("number", true, { exact: kind === "sum" && schema.get(of)!.dyadic }), `op.${kind}("${of}"${second})`);
  });
  return { source: parts.join(", "), schema: made };
}

function window(t: Known, m: Made): Step | null {
  const made = windows(t.schema, m.r, () => m.column());
  return made && { ...t, ...made };
}

function join(t: Known, m: Made): Step | null {
  const { r } = m;
  const other = r.of(m.tables);
  const kind = r.of(["join", "join_left", "join_right", "join_full", "cross", "lookup", "semijoin", "antijoin", "join_asof"]);
  const pairs = named(t.schema, null).flatMap((left) => named(other.schema, t.schema.get(left)!.js).map((right) => ({ left, right })));
  if (pairs.length === 0) return null;
  const on = r.some(pairs, 2);
  const computed = r.chance(20);
  const shared = new Set(computed ? [] : on.filter(({ left, right }) => left === right).map(({ left }) => left));
  const side = (which: "left" | "right"): string => `[${on.map((pair) => (computed ? `(d) => d.${pair[which]}` : `"${pair[which]}"`)).join(", ")}]`;
  const keys = shared.size === 1 && on.length === 1 ? `"${on[0]!.left}"` : `[${side("left")}, ${side("right")}]`;
  const isCross = kind === "cross";
  const near = pairs.filter(({ left }) => ["number", "date"].includes(t.schema.get(left)!.js));
  if (kind === "join_asof" && near.length === 0) return null;
  const nearest = kind === "join_asof" ? r.of(near) : null;
  // Dates are compared as objects.
  const byCondition = !["cross", "lookup", "join_asof"].includes(kind) && r.chance(25) && on.every(({ left }) => t.schema.get(left)!.js !== "date");
  const unequal = r.of(pairs);
  const condition = `(a, b) => ${on.map(({ left, right }) => `a.${left} === b.${right}`).join(" && ")}${t.schema.get(unequal.left)!.js === "date" || r.chance(50) ? "" : ` && a.${unequal.left} !== b.${unequal.right}`}`;
  if (isCross || byCondition) shared.clear();
  if (nearest && nearest.left === nearest.right) shared.add(nearest.left);
  const asof = nearest && `{ on: ["${nearest.left}", "${nearest.right}"], strategy: "${r.of(["backward", "forward", "nearest"])}"${r.chance(60) ? `, by: ${keys}` : ""} }`;
  if (asof && !asof.includes("by:")) for (const name of [...shared]) if (name !== nearest.left || nearest.left !== nearest.right) shared.delete(name);
  const source = isCross ? `.cross(${other.name})` : `.${kind}(${other.name}, ${asof ?? (byCondition ? condition : keys)})`;
  if (kind === "semijoin" || kind === "antijoin") return { ...t, source };
  if (kind === "lookup") {
    const found = r.some([...other.schema.keys()], 3);
    const schema = new Map([...t.schema, ...found.map((name): [string, Col] => [name, { ...other.schema.get(name)!, nullable: true }])]);
    return { schema, rows: t.rows, source: `.lookup(${other.name}, ${keys}${found.map((name) => `, "${name}"`).join("")})` };
  }
  const schema = new Map<string, Col>();
  const add = (name: string, c: Col): boolean => !schema.has(name) && schema.set(name, c).has(name);
  const [keysRight, merged] = [kind === "join_right", kind === "join_full"];
  const lacking = (c: Col, lacks: boolean): Col => (lacks ? { ...c, nullable: true } : c);
  for (const [name, c] of t.schema) {
    if (shared.has(name) && keysRight) continue;
    const key = shared.has(name) && merged ? other.schema.get(name) : undefined;
    const made = key ? { ...c, nullable: c.nullable || key.nullable, dyadic: c.dyadic && key.dyadic } : lacking(c, keysRight || merged);
    if (!add(other.schema.has(name) && !shared.has(name) ? `${name}_1` : name, made)) return null;
  }
  for (const [name, c] of other.schema) {
    if (shared.has(name) && !keysRight) continue;
    if (!add(t.schema.has(name) && !shared.has(name) ? `${name}_2` : name, lacking(c, kind === "join_left" || kind === "join_asof" || merged))) return null;
  }
  return { schema, rows: t.rows * Math.max(1, other.rows), source };
}

/** The source of `export async function name(tables, out)`; `out` takes what it writes. */
export function makeProgram(r: Random, name: string, inputs: readonly MadeTable[]): string {
  const lines: string[] = [];
  const known = inputs.map(({ name: table, schema, rows }): Known => {
    const read = (path: string, as: Schema): string => {
      const row = [...as].map(([column, c]) => `${column}: ${c.js === "date" ? "Date" : c.js}${c.nullable ? " | null" : ""}`);
      const big = [...as].filter(([, c]) => c.js === "bigint").map(([column]) => `${column}: "bigint"`);
      return `await readParquet<{ ${row.join("; ")} }>(${path}${big.length > 0 ? `, { types: { ${big.join(", ")} } }` : ""})`;
    };
    const from = read(`tables.${table}`, schema);
    if (r.chance(75)) {
      lines.push(`const ${table} = ${from};`);
      return { name: table, schema, rows, source: "" };
    }
    // Of files written by ranks some columns cannot be null, whatever is expected of them.
    const written = `\`\${out}/${table}\``;
    const expected = new Map([...schema].map(([column, c]) => [column, { ...c, nullable: true }]));
    lines.push(`const ${table}0 = ${from};`, `await ${table}0.writeParquet(${written}, { order: "program" });`, `const ${table} = ${read(written, expected)};`);
    return { name: table, schema: expected, rows, source: "" };
  });
  const made = new Made(r, known);
  const seen: string[] = [];
  const steps = r.int(2, 7);
  for (let i = 0; i < steps; i++) {
    const from = r.chance(70) ? known.at(-1)! : r.of(known);
    const { mayThrow } = made.limits;
    if (r.chance(15)) {
      const name = `c${made.scalars.length}`;
      lines.push(`const ${name} = ${from.name}.numRows();`);
      made.scalars.push(name);
      continue;
    }
    const loops = r.chance(12);
    const step = r.of(loops ? repeatable : verbs)(loops ? { ...from, name: `t${i}` } : from, made);
    if (step === null || step.schema.size === 0) {
      made.limits.mayThrow = mayThrow;
      continue;
    }
    const cut = step.rows > MOST_ROWS ? ".slice(0, 200)" : "";
    const next: Known = { ...step, rows: Math.min(step.rows, MOST_ROWS), name: `t${i}` };
    if (loops) lines.push(`let ${next.name} = ${from.name};`, `for (let i = 0; i < ${r.int(0, 2)}; i++) ${next.name} = ${next.name}${step.source};`);
    else lines.push(`const ${next.name} = ${from.name}${step.source}${cut};`);
    known.push(next);
    // Of a table that nothing observes no row function runs, nor one of a column that nothing reads.
    if (made.limits.mayThrow !== mayThrow) seen.push(`${next.name}.objects()`);
  }
  const last = known.at(-1)!;
  seen.push(`${last.name}.objects()`);
  if (r.chance(40)) seen.push(`${r.of(known).name}.numRows()`);
  if (r.chance(30)) seen.push(`${r.of(known).name}.objects({ limit: ${r.int(0, 20)} })`);
  if (r.chance(20)) seen.push(`${last.name}.get("${r.of([...last.schema.keys()])}", ${r.int(0, 5)})`);
  if (r.chance(40)) lines.push(`await ${last.name}.writeParquet(\`\${out}/bag\`);`);
  if (r.chance(25)) lines.push(`await ${r.of(known).name}.writeParquet(\`\${out}/ordered\`, { order: "program" });`);
  const body = ['"use spmd";', ...lines, `return [${seen.join(", ")}];`].map((line) => `  ${line}`).join("\n");
  return `export async function ${name}(tables: Record<string, string>, out: string) {\n${body}\n}\n`;
}

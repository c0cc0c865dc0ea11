/**
 * What V8 answers to the tests' row functions, with the plan expression each became: read by the native crate's test
 * (`native-rs/crates/functions/tests/functions/row_functions.rs`). `node native-vectors.ts` writes the file anew.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { capturedText } from "../../../../plugin-babel/src/ir/captured.ts";
import { Code } from "../../../../plugin-babel/src/ir/data.ts";
import type { CapturedExpression } from "../../../../plugin-babel/src/ir/expression.ts";
import { planExpression } from "../../../../plugin-babel/src/ir/plan-expression.ts";
import { planType } from "../../../../plugin-babel/src/ir/types.ts";
import { compiled, expression, row } from "./support.ts";
import { capturedValue, inTable } from "./evaluate.ts";
import { lambdas } from "./lambdas.ts";
import { captured, helpers, lists } from "./module.ts";
import { program } from "./programs.ts";
import { rows } from "./rows.ts";

const SEED = 20261123;
const setting = { helpers, captured, lists };

/** Local time is tested function by function, in several zones. */
const local = /get(Hours|Month\(\))|getTimezoneOffset|new Date\(d\.s\)|new Date\(2024/;

/** JSON with strings for what it lacks, and for numbers whose many digits the native reader of JSON would round twice. */
function json(value: unknown): unknown {
  // A table's strings are well-formed.
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return value.getTime();
  if (Array.isArray(value)) return value.map(json);
  if (typeof value === "object" && value !== null) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, json(member)]));
  if (typeof value === "number" && !/^-?[\d.]{1,16}$/.test(String(value))) return String(value);
  if (Object.is(value, -0)) return "-0";
  return value ?? null;
}

/** Captured scalars as the literals they are when the verb is called. */
function literals(data: unknown): unknown {
  if (Array.isArray(data)) return data.flatMap((item) => (item instanceof Code && item.function === "literals" ? elements(item) : [literals(item)]));
  if (typeof data === "number") return json(data);
  if (typeof data !== "object" || data === null) return data;
  if (data instanceof Code) return json(valueOf(data));
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, literals(value)]));
}

const valueOf = ({ taken }: Code): unknown => capturedValue(capturedText(taken as CapturedExpression), { ...captured, ...lists });
const elements = (list: Code): unknown[] =>
  [...(valueOf(list) as Iterable<unknown>)].map((value) => ({ kind: "literal", type: list.taken.type.js, value: json(value) }));

function outcome(f: () => unknown): unknown {
  try {
    return json(inTable(f()));
  } catch (error) {
    return { throws: (error as Error).message };
  }
}

export const file = join(import.meta.dirname, "../../../../native-rs/crates/functions/tests/functions/row_functions.json");

export function vectors(): string {
  const table = fc.sample(rows, { seed: SEED, numRuns: 32 }) as readonly Readonly<Record<string, unknown>>[];
  const generated = fc.sample(program, { seed: SEED, numRuns: 120 }).filter((source) => source.length < 1200);
  // Where halves of surrogate pairs could meet there is no native form.
  const isNative = (source: string): boolean => expression(source, setting).kind !== "script";
  const cases = [...lambdas.filter((source) => !local.test(source)), ...generated].filter(isNative).map((source) => {
    const [native, real] = [expression(source, setting), compiled(source, setting)];
    const results = table.map((d) => outcome(() => real(d)));
    return { source: source.replace(/\s+/g, " "), type: planType(native.type.js), expression: literals(planExpression(native)), results };
  });
  const columns = row.map(({ name, type }) => ({ name, type: planType(type.js), values: table.map((d) => json(d[name])) }));
  return `{"columns":${JSON.stringify(columns)},"cases":[\n${cases.map((one) => JSON.stringify(one)).join(",\n")}\n]}\n`;
}

if (import.meta.main) writeFileSync(file, vectors());

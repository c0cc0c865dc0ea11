/** The compiler's types and type errors against tsc's, on the same row functions. One run of tsc for all. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { errors, expression, row } from "./support.ts";
import { lambdas } from "./lambdas.ts";
import { typeErrors } from "./mistakes.ts";
import { captured, helpers, lists } from "./module.ts";
import { printType } from "../../../../plugin-babel/src/ir/types.ts";

const setting = { helpers, captured, lists };
const root = join(import.meta.dirname, "../../../..");
let folder: string;
let wrong: ReadonlySet<number>;
let results: readonly string[];

/**
 * Where we differ on purpose. tsc knows the keys of a constant table, wants annotations on parameters, and sees that
 * nothing equals NaN.
 */
const looser = /RATES\[|\(x\) =>|\(x\) \{|=== NaN/;
const sources = [...lambdas, ...typeErrors.map(([source]) => source)];

beforeAll(() => {
  // Where packages are found, and nothing is committed.
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  folder = mkdtempSync(join(cache, "row-functions-"));
  const columns = row.map(({ name, type }) => `${name}: ${printType(type)}`).join("; ");
  const prelude = `import { op } from "@lockstep/runtime"; interface Row { ${columns} } declare function read<R>(f: (d: Readonly<Row>) => R): R; ` +
    `${Object.entries(captured).map(([name, value]) => `declare const ${name}: ${value == null ? `number | ${value}` : typeof value};`).join(" ")} ` +
    `declare const picks: number[], words: readonly string[], maybe: (number | null)[], wanted: Set<string>; ${helpers.replaceAll("\n", " ")}`;
  const lines = sources.map((source, i) => `export const x${i} = read(${source.replaceAll("\n", " ")});`);
  writeFileSync(join(folder, "rows.ts"), `${prelude}\n${lines.join("\n")}\n`);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: join(root, "tsconfig.json"), compilerOptions: { composite: false, noUncheckedIndexedAccess: false, declaration: true, emitDeclarationOnly: true, isolatedModules: false, paths: { "@lockstep/runtime": [join(root, "runtime/src/index.ts")] }, rootDir: root, outDir: "out" }, files: ["rows.ts"], references: [] }));
  let output = "";
  try {
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8", env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}` } });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  wrong = new Set([...output.matchAll(/rows\.ts\((\d+),\d+\): error/g)].map((m) => Number(m[1]) - 2));
  const declarations = readFileSync(findDeclarations(), "utf8");
  results = sources.map((_, i) => new RegExp(`export declare const x${i}: (.*?);\\n(?=export)`, "s").exec(declarations)?.[1]?.replace(/\s+/g, " ").replaceAll("; }", " }") ?? "?");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function findDeclarations(): string {
  return execFileSync("find", [join(folder, "out"), "-name", "rows.d.ts"], { encoding: "utf8" }).trim();
}

/** tsc's type without literals, null for undefined, as a column has it. */
function widened(type: string): string {
  const parts = new Set(type.split(/ \| (?![^{]*\})/).map((part) => (/^"/.test(part) ? "string" : /^-?[\d.]+n$/.test(part) ? "bigint" : /^-?[\d.]/.test(part) ? "number" : part === "true" || part === "false" ? "boolean" : part === "undefined" ? "null" : part)));
  const nullable = parts.delete("null");
  return [...parts, ...(nullable ? ["null"] : [])].join(" | ");
}

describe("types of results", () => {
  test.each(lambdas.map((source, i) => [source, i] as const))("%s", (source, i) => {
    if (looser.test(source)) return;
    expect(wrong.has(i), "tsc reports an error").toBe(false);
    expect(printType(expression(source, setting).type)).toBe(widened(results[i]!));
  });
});

describe("type errors", () => {
  test.each(typeErrors.map(([source, code], i) => [source, code, lambdas.length + i] as const))("%s → %s", (source, code, i) => {
    expect(errors(source, setting).map((e) => e.split(" ")[0])).toEqual([code]);
    expect(wrong.has(i), "tsc reports an error").toBe(true);
  });
});

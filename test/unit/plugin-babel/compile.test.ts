import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "@lockstep/plugin-babel/compile";
import { compileFile } from "@lockstep/plugin-babel";
import { checkNode } from "../../../plugin-babel/src/node-version.ts";
import { describe, expect, test } from "vitest";
import { root } from "../../scripts/lib.mjs";

const reader = `import { readParquet } from "@lockstep/runtime";\n`;
const ok = (source: string, modules = {}) => {
  const result = compile(source, { id: "/p/src/job.ts", root: "/p", modules, check: true });
  expect(result.diagnostics.filter((d) => d.severity === "error").map((d) => d.frame)).toEqual([]);
  return result;
};

describe("compile", () => {
  test("a module without directive is handed back as it is", () => {
    const source = "export const a = 1;\n";
    expect(compile(source, { id: "a.ts" })).toMatchObject({ code: source, map: null, rankModule: null, needs: [], diagnostics: [] });
  });

  test("asks for the imports it has to look into, once, and for nothing else", () => {
    const source = `${reader}import { bucket } from "./bucket.ts";\nimport type { Row } from "./row.ts";\nimport { log } from "./log.ts";\nlog();
export async function f(p: string) { "use spmd"; return (await readParquet<Row>(p)).filter((d) => bucket(d.id) > 1).numRows(); }`;
    const first = compile(source, { id: "/p/src/job.ts", root: "/p" });
    expect(new Set(first.needs)).toEqual(new Set(["/p/src/job.ts\0./row.ts", "/p/src/job.ts\0./bucket.ts"]));
    const row = { id: "/p/src/row.ts", code: "export interface Row { id: number }" };
    const second = compile(source, { id: "/p/src/job.ts", root: "/p", modules: { "/p/src/job.ts\0./row.ts": row } });
    expect(second.needs).toEqual(["/p/src/job.ts\0./bucket.ts"]);
    const bucket = { id: "/p/src/bucket.ts", code: "export const bucket = (n: number): number => Math.floor(n / 10);" };
    const third = ok(source, { "/p/src/job.ts\0./row.ts": row, "/p/src/job.ts\0./bucket.ts": bucket });
    expect(third.needs).toEqual([]);
    expect(third.dependencies.toSorted()).toEqual(["/p/src/bucket.ts", "/p/src/row.ts"]);
    expect(third.rankModule!.code).not.toContain("log");
  });

  test("the user's module keeps its lines, types and other code", () => {
    const source = `#!/usr/bin/env node\n${reader}\nlet n: number = 0;\nexport async function f(p: string): Promise<number> {\n  "use spmd";\n  return (await readParquet<{ a: number }>(p)).numRows();\n}\nn++;\n`;
    const { code } = ok(source);
    expect(code).toContain("let n: number = 0;");
    expect(code).toContain("export async function f(p: string): Promise<number> { return $call($f, [p]); }");
    expect(code.startsWith("#!/usr/bin/env node\nimport { call as $call }")).toBe(true);
    expect(code).not.toContain("use spmd");
  });

  test("a file-level directive annotates the exports, but for those that opt out", () => {
    const { code, manifest } = ok(`"use spmd";\n${reader}
export async function a(p: string) { return (await readParquet<{ a: number }>(p)).numRows(); }
export const b = async (p: string) => { return (await readParquet<{ a: number }>(p)).numRows(); };
export async function c(p: string) { "use no spmd"; return p; }
async function d(p: string) { return p; }
export default async function (p: string) { return (await d(p)).length; }`);
    expect(manifest.map((f) => f.name)).toEqual(["a", "b", "default_"]);
    expect(code).not.toContain(`"use spmd"`);
    expect(code).toContain(`"use no spmd"; return p;`);
  });

  test("arrows, object methods, static methods and function expressions can be annotated; names stay apart", () => {
    const body = `{ "use spmd"; return (await readParquet<{ a: number }>(p)).numRows(); }`;
    const { manifest, rankModule } = ok(`${reader}
const jobs = { async run(p: string) ${body} };
class C { static async run(p: string) ${body} }
export const x = async function (p: string) ${body};
export const y = async (p: string) => ${body};
void jobs; void C;`);
    expect(manifest.map((f) => f.name)).toEqual(["run", "run", "x", "y"]);
    expect(rankModule!.code).toContain("export const run = ");
    expect(rankModule!.code).toContain("export const run_2 = ");
    expect(new Set(manifest.map((f) => f.id)).size).toBe(4);
  });

  test("an annotated function inside another is a helper of it", () => {
    const { code, rankModule, manifest } = ok(`${reader}
export async function f(p: string) {
  "use spmd";
  const inner = async (q: string) => { "use spmd"; return (await readParquet<{ a: number }>(q)).numRows(); };
  return (await inner(p)) + 1;
}`);
    expect(manifest.map((m) => m.name)).toEqual(["f"]);
    expect(code.match(/\$call\(/g)).toHaveLength(1);
    expect(rankModule!.code).not.toContain("use spmd");
    expect(rankModule!.code).toContain("(await inner(p)) + 1");
  });

  test("patterns, defaults and rest parameters reach the ranks", () => {
    const { code } = ok(`${reader}
export async function f({ a, b: { c } = { c: 1 }, ...rest }: { a: string; b?: { c: number }; d: number }, [x, , y] = [1, 2, 3], z = 5, ...more: number[]) {
  "use spmd";
  console.log(c, rest, x, y, z, more);
  return (await readParquet<{ a: number }>(a)).numRows();
}`);
    expect(code).toContain("[{ a: a, b: { c: c }, ...rest }, [x, , y], z, ...more]");
  });

  test("two annotated functions may share helpers, constants and imports", () => {
    const { rankModule } = ok(`${reader}const LEAST = 3;\nconst twice = (n: number) => n * 2;\nimport { join } from "node:path";
export async function a(p: string) { "use spmd"; return (await readParquet<{ v: number }>(join(p, "x"))).numRows() > twice(LEAST); }
export async function b(p: string) { "use spmd"; return (await readParquet<{ v: number }>(join(p, "y"))).numRows() > twice(LEAST); }`);
    for (const part of ["const LEAST = 3", "const twice = ", `import { join } from "node:path"`]) expect(rankModule!.code.split(part).length).toBe(2);
  });

  test("a syntax error is a diagnostic", () => {
    const { diagnostics, code } = compile(`"use spmd"; export const = 1;`, { id: "a.ts" });
    expect(diagnostics).toMatchObject([{ code: "LS1005", kind: "user-error" }]);
    expect(code).toContain("export const = 1");
  });

  test("a predicate of hundreds of filters is printed in time, and in a text that grows with it", () => {
    const filters = (n: number) => `${reader}export async function f(p: string) {\n  "use spmd";\n  const t0 = await readParquet<{ a: number }>(p);\n${Array.from({ length: n }, (_, i) => `  const t${i + 1} = t${i}.filter((d) => d.a > ${i});`).join("\n")}\n  return t${n}.numRows();\n}`;
    const start = performance.now();
    const [half, whole] = [300, 600].map((n) => compile(filters(n), { id: "a.ts" }).rankModule!.code.length);
    expect(whole! / half!).toBeLessThan(2.5);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test("the example compiles fast once warm", () => {
    const folder = join(root, "playground/examples/monthly-trips");
    const file = join(folder, "src/job.ts");
    const source = readFileSync(file, "utf8");
    const times = Array.from({ length: 10 }, () => {
      const start = performance.now();
      expect(compileFile(source, { id: file, root: folder }).rankModule).not.toBeNull();
      return performance.now() - start;
    });
    // The goal is 50 ms on a quiet machine; this one is shared.
    expect(Math.min(...times)).toBeLessThan(100);
  });
});

test("says which Node it needs before anything else goes wrong", () => {
  for (const version of ["20.20.2", "22.17.1"]) expect(() => checkNode(version)).toThrow(`Lockstep needs Node 22.18 or newer; this is ${version}`);
  for (const version of ["22.18.0", "23.0.0", "26.10.0"]) expect(() => checkNode(version)).not.toThrow();
});

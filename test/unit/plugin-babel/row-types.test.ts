// The compiler's row types equal tsc's on the facade: every variable of every fixture that holds a table is checked.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { printType } from "../../../plugin-babel/src/ir/types.ts";
import { pipeline } from "../../../plugin-babel/src/pipeline.ts";
import type { Program } from "../../../plugin-babel/src/program.ts";
import { bare, parseModule } from "../../../plugin-babel/src/source/module.ts";
import { type GivenModules, Modules } from "../../../plugin-babel/src/source/modules.ts";
import { root } from "../../scripts/lib.mjs";
import { findFixtures, type Fixture } from "../../snap/fixtures.ts";

const scratch = join(root, `.lockstep-types-${process.pid}`);
const fixtures = findFixtures().filter((f) => f.status === "ok");

/** The program after infer-types, with imports from disk. */
function analyse(fixture: Fixture): Program {
  const given: Record<string, { id: string; code: string } | null> = {};
  for (;;) {
    const source = readFileSync(fixture.input, "utf8");
    const program = {
      module: parseModule(fixture.input, "input.ts", source), modules: new Modules(given as GivenModules, basename), rankModuleId: "", strict: false,
      diagnostics: [], directives: { functions: [], ofFile: null, diagnostics: [] }, functions: [], captures: new Map(), exported: new Map(), output: null,
    } as Program;
    for (const pass of pipeline) {
      pass.run(program);
      if (pass.name === "infer-types") break;
    }
    if (program.modules.needs.size === 0) return program;
    for (const need of program.modules.needs) {
      const [importer, specifier] = need.split("\0") as [string, string];
      const id = resolve(dirname(importer), specifier);
      given[need] = specifier.startsWith(".") ? { id, code: readFileSync(id, "utf8") } : null;
    }
  }
}

/** The source with an assertion after each declaration of a table variable. */
function withAssertions(fixture: Fixture): { code: string; count: number } {
  const program = analyse(fixture);
  const insertions: { at: number; text: string }[] = [];
  for (const fn of program.functions) {
    for (const statement of fn.annotated.node.body.body) {
      if (statement.type !== "VariableDeclaration") continue;
      for (const { id, init } of statement.declarations) {
        if (id.type !== "Identifier" || id.typeAnnotation || !init) continue;
        const value = bare(init);
        const site = fn.sites.get(0)?.get(value.type === "AwaitExpression" ? bare(value.argument) : value);
        const type = site?.kind === "verb" ? site.instruction.type : null;
        if (!type || type.groups) continue;
        const row = `{ ${type.row.map((c) => `${JSON.stringify(c.name)}: ${printType(c.type)}`).join("; ")} }`;
        insertions.push({ at: statement.end!, text: `\n  same<RowOf<typeof ${id.name}>, ${row}>(true);` });
      }
    }
  }
  let code = readFileSync(fixture.input, "utf8");
  for (const { at, text } of insertions.toSorted((a, b) => b.at - a.at)) code = code.slice(0, at) + text + code.slice(at);
  return { code: `import { type RowOf, same } from "../same.ts";\n${code}`, count: insertions.length };
}

let output = "";
let assertions = 0;

beforeAll(() => {
  mkdirSync(scratch);
  // Literal types are widened as the compiler widens them: a column is number, not 1 | 2.
  writeFileSync(join(scratch, "same.ts"), `import type { Table } from "@lockstep/runtime";
type Widen<T> = T extends string ? string : T extends number ? number : T extends boolean ? boolean : T extends bigint ? bigint : T extends undefined ? null : T;
export type RowOf<T> = T extends Table<infer R> ? { -readonly [K in keyof R]-?: Widen<R[K]> | (undefined extends R[K] ? null : never) } : never;
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : { expected: B; actual: A };
export function same<A, B>(_: Equal<A, B>): void {}
`);
  for (const fixture of fixtures) {
    const folder = join(scratch, fixture.name.replaceAll("/", "-"));
    cpSync(fixture.folder, folder, { recursive: true, filter: (path) => !/\.md$|\/run\.ts$/.test(path) });
    const { code, count } = withAssertions(fixture);
    assertions += count;
    writeFileSync(join(folder, "input.ts"), code);
  }
  const options = { noEmit: true, strict: true, target: "es2024", module: "nodenext", moduleResolution: "nodenext", allowImportingTsExtensions: true, skipLibCheck: true, types: ["node"] };
  writeFileSync(join(scratch, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["**/*.ts"] }));
  try {
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", scratch], { encoding: "utf8" });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("row types are tsc's", () => {
  expect(assertions).toBeGreaterThan(20);
  expect(output).toBe("");
});

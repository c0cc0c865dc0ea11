/**
 * The Babel plugin: asks `compile`, puts the stubs into the syntax tree, writes the rank module and the manifest beside the output.
 *
 *     { "plugins": ["module:@lockstep/plugin-babel"], "presets": ["@babel/preset-typescript"] }
 */
import { createRequire } from "node:module";
import type { PluginObject } from "@babel/core";
import { parse } from "@babel/parser";
import type * as t from "@babel/types";
import { traverseFast } from "@babel/types";
import { type OutputOptions, outputOf, rankModuleName, writeBeside } from "./adapter/output.ts";
import { compileFile } from "./adapter/read-modules.ts";
import { printStages } from "./compile.ts";
import type { Edit } from "./emit/stub.ts";

export interface LockstepOptions extends OutputOptions {
  /** What brings all rows of a distributed table to every rank without a limit (a loop, array(), objects()) is an error. */
  readonly strict?: boolean;
}

const { version } = createRequire(import.meta.url)("../package.json") as { version: string };

export default function lockstep(_api: unknown, options: LockstepOptions = {}): PluginObject {
  return {
    name: "@lockstep/plugin-babel",
    visitor: {
      Program(path, state) {
        const { filename, cwd = process.cwd() } = state as { filename?: string; cwd?: string };
        const source = (state as unknown as { file: { code: string } }).file.code;
        if (!filename || !/use (no )?spmd|spmd/i.test(source)) return;
        const output = outputOf(filename, options, cwd);
        const debugging = (process.env.LOCKSTEP_DEBUG ?? "").split(",").includes("ir");
        const result = compileFile(source, {
          id: filename,
          root: cwd,
          strict: options.strict ?? false,
          check: debugging,
          ...(output ? { rankModuleId: `./${rankModuleName(output)}` } : {}),
        });
        if (debugging) process.stderr.write(printStages(filename, result.stages));
        const errors = result.diagnostics.filter((d) => d.severity === "error");
        for (const warning of result.diagnostics) if (warning.severity === "warning") console.warn(warning.text);
        if (errors.length > 0) throw new Error(`\n${errors.map(({ text }) => text).join("\n\n")}`);
        if (!result.rankModule) return;
        if (!output) throw new Error("@lockstep/plugin-babel: the rank module goes beside the output, so it must be told where that is: use @babel/cli with --out-dir, or set the plugin's option outDir or outFile");
        applyToTree(path.node as unknown as t.Program, result.edits);
        // Bindings changed: presets that drop unused imports look at references.
        path.scope.crawl();
        writeBeside(output, result, version);
      },
    },
  };
}

/** The edits of the text, done to the tree: nodes are found by their place in the source. */
function applyToTree(program: t.Program, edits: readonly Edit[]): void {
  const bodies = new Map<string, string>();
  const imports: t.Statement[] = [];
  for (const { start, end, text } of edits) {
    if (text === "") program.directives = program.directives.filter((d) => d.start !== start);
    else if (start === end) imports.push(...parse(text, { sourceType: "module" }).program.body);
    else bodies.set(`${start}:${end}`, text);
  }
  traverseFast(program, (node) => {
    const fn = node as t.FunctionExpression;
    const text = "params" in node && "body" in node ? bodies.get(`${fn.body.start}:${fn.body.end}`) : undefined;
    if (text === undefined) return;
    const [wrapped] = parse(`async function f() ${text}`, { sourceType: "module" }).program.body;
    const { body } = wrapped as t.FunctionDeclaration;
    const loc = fn.body.loc ?? null;
    traverseFast(body, (inner) => void (inner.loc = loc));
    fn.body = body;
  });
  program.body.unshift(...imports);
}

export { compileFile } from "./adapter/read-modules.ts";
export { compile } from "./compile.ts";

/**
 * The user's module: its text with the bodies of annotated functions replaced by collective calls. Everything else keeps
 * its place, line and types; two imports are added in front of the first statement, on its line.
 */
import { addMapping, GenMapping, setSourceContent, toEncodedMap } from "@jridgewell/gen-mapping";
import type * as t from "@babel/types";
import type { ParsedFunction } from "../source/frames.ts";
import type { ModuleSource } from "../source/module.ts";
import type { SourceMap } from "./rank-module.ts";

export interface Edit {
  /** Offsets in the source. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface StubbedFunction {
  readonly fn: ParsedFunction;
  readonly exported: string;
  /** Names of the values sent with each call. */
  readonly captured: readonly string[];
  /** What the rank module calls a class → what it is here. */
  readonly classes: ReadonlyMap<string, string>;
}

/** The edits that make the user's module, by place. */
export function stubEdits(functions: readonly StubbedFunction[], ofFile: t.Directive | null, module: ModuleSource, rankModuleId: string): Edit[] {
  const prefix = /\$call\b|\$spmd_/.test(module.code) ? "$$" : "$";
  const imported = functions.map(({ exported }) => `${exported} as ${prefix}${exported}`).join(", ");
  const at = module.program.body[0]?.start ?? module.code.length;
  /** Read outside of the function, which has a parameter of that name. */
  const outside = new Set<string>();
  const edits: Edit[] = functions.map(({ fn, exported, captured, classes }) => {
    const { body } = fn.annotated.node;
    const bindings = module.scopeOf(fn.annotated.node)?.bindings ?? {};
    const sent = captured.map((name) => {
      if (bindings[name]?.kind !== "param") return name;
      outside.add(name);
      return `${name}: ${prefix}outer_${name}()`;
    });
    const own = [...classes].map(([there, here]) => (there === here ? here : `${there}: ${here}`));
    const captures = (sent.length > 0 ? `, { ${sent.join(", ")} }` : own.length > 0 ? ", {}" : "") + (own.length > 0 ? `, () => ({ ${own.join(", ")} })` : "");
    return { start: body.start!, end: body.end!, text: `{ return ${prefix}call(${prefix}${exported}, [${fn.annotated.node.params.map(argument).join(", ")}]${captures}); }` };
  });
  if (functions.length > 0) {
    edits.push({ start: at, end: at, text: `import { call as ${prefix}call } from "@lockstep/runtime/spmd"; import { ${imported} } from ${JSON.stringify(rankModuleId)}; ${[...outside].map((name) => `const ${prefix}outer_${name} = () => ${name}; `).join("")}` });
  }
  if (ofFile) edits.push({ start: ofFile.start!, end: ofFile.end!, text: "" });
  return edits.sort((a, b) => a.start - b.start || a.end - b.end);
}

/** What the call passes for a parameter: a pattern is put together again from its names. */
function argument(parameter: t.Node): string {
  switch (parameter.type) {
    case "Identifier":
      return parameter.name;
    case "AssignmentPattern":
      return argument(parameter.left);
    case "RestElement":
      return `...${argument(parameter.argument)}`;
    case "ArrayPattern":
      return `[${parameter.elements.map((e) => (e ? argument(e) : "")).join(", ")}]`;
    case "ObjectPattern":
      return `{ ${parameter.properties.map((p) => (p.type === "RestElement" ? argument(p) : `${keyText(p)}: ${argument(p.value)}`)).join(", ")} }`;
    default:
      return "undefined";
  }
}

const keyText = (p: t.ObjectProperty): string => (p.key.type === "Identifier" ? p.key.name : p.key.type === "StringLiteral" ? JSON.stringify(p.key.value) : String((p.key as t.NumericLiteral).value));

/** The edited text, and its source map: a mapping at every word, so that every breakpoint and stack frame lands exactly. */
export function applyEdits(module: ModuleSource, edits: readonly Edit[]): { code: string; map: SourceMap } {
  const map = new GenMapping({ file: module.file });
  const source = module.file;
  setSourceContent(map, source, module.code);
  let code = "";
  let [line, column] = [1, 0];
  let [originalLine, originalColumn] = [1, 0];
  const mark = () => addMapping(map, { generated: { line, column }, source, original: { line: originalLine, column: originalColumn } });
  const copy = (text: string) => {
    for (const [word] of text.matchAll(/\n|[\p{ID_Continue}$]+|[^\p{ID_Continue}$\n]+/gu)) {
      mark();
      code += word;
      if (word === "\n") [line, column, originalLine, originalColumn] = [line + 1, 0, originalLine + 1, 0];
      else [column, originalColumn] = [column + word.length, originalColumn + word.length];
    }
  };
  let from = 0;
  for (const { start, end, text } of edits) {
    copy(module.code.slice(from, start));
    mark();
    code += text;
    column += text.length;
    const removed = module.code.slice(start, end).split("\n");
    originalLine += removed.length - 1;
    originalColumn = removed.length > 1 ? removed.at(-1)!.length : originalColumn + removed[0]!.length;
    from = end;
  }
  copy(module.code.slice(from));
  return { code, map: toEncodedMap(map) as unknown as SourceMap };
}

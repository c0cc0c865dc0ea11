/**
 * Sources that programs name by a literal: `declare module "@lockstep/runtime" { interface Sources { "data/trips": Trip } }`, which
 * `lockstep schema pull` writes. TypeScript merges such declarations; here they are those of a module and of what it imports.
 */
import type * as t from "@babel/types";
import type { ModuleSource } from "./module.ts";
import { type Modules, RUNTIME } from "./modules.ts";

/** The row of a source, and where it is declared. */
export function declaredSource(name: string, module: ModuleSource, modules: Modules): { readonly type: t.TSType; readonly module: ModuleSource } | null {
  const seen = new Set<ModuleSource>();
  const open = [module];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const type = declaredIn(next, name);
    if (type) return { type, module: next };
    for (const specifier of importedBy(next)) {
      const imported = modules.imported(next, specifier);
      if (imported) open.push(imported);
    }
  }
  return null;
}

function declaredIn({ program }: ModuleSource, name: string): t.TSType | null {
  for (const statement of program.body) {
    if (statement.type !== "TSModuleDeclaration" || statement.id.type !== "StringLiteral" || statement.id.value !== RUNTIME || statement.body?.type !== "TSModuleBlock") continue;
    for (const inner of statement.body.body) {
      const declaration = inner.type === "ExportNamedDeclaration" ? inner.declaration : inner;
      if (declaration?.type !== "TSInterfaceDeclaration" || declaration.id.name !== "Sources") continue;
      for (const member of declaration.body.body) {
        if (member.type === "TSPropertySignature" && keyOf(member.key) === name && member.typeAnnotation?.type === "TSTypeAnnotation") return member.typeAnnotation.typeAnnotation;
      }
    }
  }
  return null;
}

const keyOf = (key: t.Node): string | null => (key.type === "StringLiteral" ? key.value : key.type === "Identifier" ? key.name : null);

/** Modules of the project; packages are not looked into. */
function importedBy({ program }: ModuleSource): string[] {
  return program.body.flatMap((statement) => {
    const from = statement.type === "ImportDeclaration" || statement.type === "ExportNamedDeclaration" || statement.type === "ExportAllDeclaration" ? statement.source : null;
    return from && from.value !== RUNTIME ? [from.value] : [];
  });
}

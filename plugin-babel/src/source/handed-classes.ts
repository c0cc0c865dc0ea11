/**
 * The classes of an annotated function in whose place the process that calls it has the user's module's own: what is thrown or returned there is of
 * classes that the program can ask for. A class that the module does not name stays the rank chunk's, and with it those that it extends or that extend it.
 */
import type * as t from "@babel/types";
import type { Captures } from "./captures.ts";
import type { ParsedFunction } from "./frames.ts";
import type { Binding, ModuleSource } from "./module.ts";
import type { Modules } from "./modules.ts";
import { importOf } from "./names.ts";

export interface HandedClass {
  /** What the rank chunk calls it by: the class itself, or its import. */
  readonly binding: Binding;
  /** In the user's module. */
  readonly name: string;
}

interface Declared {
  readonly module: ModuleSource;
  readonly binding: Binding;
}

export function handedClasses(fn: ParsedFunction, captures: Captures, modules: Modules): readonly HandedClass[] {
  const copied = [...captures.helpers.values()].filter(({ node }) => node.type === "ClassDeclaration").map(({ binding, module }) => ({ binding, declared: { module, binding } }));
  const imported = [...captures.imports.values()].flatMap(({ binding, local, module }) => {
    const declared = binding && declaredClass(local, { module, binding }, modules);
    return declared ? [{ binding, declared }] : [];
  });
  const used = [...copied, ...imported].map(({ binding, declared }) => ({ binding, chain: chainOf(declared, modules), name: nameIn(fn, declared, modules) }));
  let handed = used.filter(({ name }) => name !== null);
  for (let before = -1; before !== handed.length;) {
    before = handed.length;
    const others = used.filter((one) => !handed.includes(one));
    handed = handed.filter(({ chain }) => others.every((other) => !chain.includes(other.chain[0]!) && !other.chain.includes(chain[0]!)));
  }
  return handed.map(({ binding, name }) => ({ binding, name: name! }));
}

/** The class that a name stands for where `binding` is that of the name. */
function declaredClass(name: string, { module, binding }: Declared, modules: Modules): Declared | null {
  const imported = importOf(name, { module, scope: binding.scope });
  const resolved = imported ? modules.follow(module, imported) : null;
  if (resolved?.kind === "foreign") return null;
  const declared = resolved ? { module: resolved.module, binding: resolved.module.scope.getBinding(resolved.name) } : { module, binding };
  return declared.binding?.path.node.type === "ClassDeclaration" ? (declared as Declared) : null;
}

/** A class and those that it extends. */
function chainOf(of: Declared, modules: Modules): readonly Binding[] {
  const { superClass } = of.binding.path.node as t.ClassDeclaration;
  const binding = superClass?.type === "Identifier" ? of.binding.scope.getBinding(superClass.name) : undefined;
  const above = binding && declaredClass((superClass as t.Identifier).name, { module: of.module, binding }, modules);
  return [of.binding, ...(above && above.binding !== of.binding ? chainOf(above, modules) : [])];
}

/** What a class is called where the annotated function stands; null where it has no name there. */
function nameIn({ annotated, module }: ParsedFunction, declared: Declared, modules: Modules): string | null {
  const scope = module.scopeOf(annotated.node)!;
  const names = declared.module === module ? [declared.binding.identifier.name] : [...module.imports.keys()];
  const isIt = (name: string) => {
    const binding = scope.getBinding(name);
    return binding && declaredClass(name, { module, binding }, modules)?.binding === declared.binding;
  };
  return names.find(isIt) ?? null;
}

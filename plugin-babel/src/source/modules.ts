/** The modules a compilation may look into. What is missing is noted; the adapter brings it and compiles again. */
import type * as t from "@babel/types";
import { type ImportedName, type ModuleSource, type TypeDeclaration, parseModule } from "./module.ts";

export interface GivenModule {
  readonly id: string;
  readonly code: string;
}

/** `"<importer id>\0<specifier>"` → the module, or null when it is not to be read (a package, a missing file). */
export type GivenModules = Readonly<Record<string, GivenModule | null>>;

export const RUNTIME = "@lockstep/runtime";

/** What a name stands for, after following imports and re-exports. */
export type Resolved =
  | { readonly kind: "declared"; readonly module: ModuleSource; readonly name: string }
  /** Of a package, or of a module that could not be read. */
  | { readonly kind: "foreign"; readonly specifier: string; readonly imported: string };

export class Modules {
  readonly needs = new Set<string>();
  readonly dependencies = new Set<string>();
  readonly #given: GivenModules;
  readonly #fileOf: (id: string) => string;
  readonly #parsed = new Map<string, ModuleSource | null>();

  constructor(given: GivenModules, fileOf: (id: string) => string) {
    this.#given = given;
    this.#fileOf = fileOf;
  }

  /** The text of every module looked into, by file. */
  sources(): Map<string, string> {
    return new Map(this.looked().map((m) => [m.file, m.code]));
  }

  /** Every module looked into. */
  looked(): ModuleSource[] {
    return [...this.#parsed.values()].filter((module) => module !== null);
  }

  /** Undefined: its source is needed, which is noted if it `asks`. Null: it is not to be read, or does not parse. */
  #load(importer: string, specifier: string, asks = true): ModuleSource | null | undefined {
    if (specifier.startsWith("node:")) return null;
    const key = `${importer}\0${specifier}`;
    const given = this.#given[key];
    if (given === undefined) {
      if (asks) this.needs.add(key);
      return undefined;
    }
    if (given === null) return null;
    this.dependencies.add(given.id);
    let module = this.#parsed.get(given.id);
    if (module === undefined) {
      module = tryParse(given, this.#fileOf(given.id));
      this.#parsed.set(given.id, module);
    }
    return module;
  }

  /** A module that is imported, for whatever it declares; null where it is not to be read, or is yet to come. */
  imported(importer: ModuleSource, specifier: string): ModuleSource | null {
    return this.#load(importer.id, specifier) ?? null;
  }

  /** Where an imported name is declared; `asks`: also in modules that are yet to come. */
  follow(importer: ModuleSource, name: ImportedName, asks = true, depth = 0): Resolved {
    const foreign: Resolved = { kind: "foreign", ...name };
    if (name.specifier === RUNTIME || name.imported === "*" || depth > 20) return foreign;
    const module = this.#load(importer.id, name.specifier, asks);
    if (!module) return foreign;
    const exported = module.exports.get(name.imported);
    if (exported === undefined) return foreign;
    if (typeof exported !== "string") return this.follow(module, exported, asks, depth + 1);
    const passedOn = module.imports.get(exported);
    return passedOn ? this.follow(module, passedOn, asks, depth + 1) : { kind: "declared", module, name: exported };
  }

  /** The declaration of a type that is named at `at`: in a block around it, in the module, or where it is imported from. */
  typeNamed(module: ModuleSource, name: string, at: t.Node): { module: ModuleSource; node: TypeDeclaration } | null {
    const around = module.localTypes.filter(({ node, within }) => node.id.name === name && within.start! <= at.start! && at.end! <= within.end!);
    // Blocks stand in each other: the innermost begins last.
    const here = around.sort((a, b) => b.within.start! - a.within.start!)[0]?.node ?? module.types.get(name);
    if (here) return { module, node: here };
    const imported = module.imports.get(name);
    if (!imported) return null;
    const resolved = this.follow(module, imported);
    if (resolved.kind === "foreign") return null;
    const node = resolved.module.types.get(resolved.name);
    return node ? { module: resolved.module, node } : null;
  }
}

function tryParse(given: GivenModule, file: string): ModuleSource | null {
  try {
    return parseModule(given.id, file, given.code);
  } catch {
    // Whoever compiles that module reports its syntax errors; here it is unreadable, as a package is.
    return null;
  }
}

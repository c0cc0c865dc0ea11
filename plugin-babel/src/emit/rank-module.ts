/**
 * The rank module of one source file: its annotated functions in SPMD form, the helpers and constants they reach, nothing else.
 * Other code of the user's module never runs on ranks other than 0.
 */
import { generate } from "@babel/generator";
import {
  arrowFunctionExpression, assignmentExpression, blockStatement, callExpression, exportNamedDeclaration, type Expression, expressionStatement, identifier, memberExpression, objectExpression, objectPattern, objectProperty, program, type Statement, stringLiteral, valueToNode,
  variableDeclaration, variableDeclarator,
} from "@babel/types";
import type * as t from "@babel/types";
import { instructions, type Instruction, type ValueId, valuesOf } from "../ir/ir.ts";
import type { CapturedHelper, CapturedImport, Captures } from "../source/captures.ts";
import { constantNamed } from "../source/constants.ts";
import type { ParsedFunction, SourceFrame } from "../source/frames.ts";
import type { HandedClass } from "../source/handed-classes.ts";
import type { Binding, ImportedName, ModuleSource } from "../source/module.ts";
import { verbOf } from "../verbs/index.ts";
import { Descriptors } from "./descriptors.ts";
import { Names } from "./names.ts";
import { Rewriter, type RewriteContext } from "./rewrite.ts";

export interface FunctionToEmit {
  readonly fn: ParsedFunction;
  readonly captures: Captures;
  /** In whose place the process that calls has its own. */
  readonly classes: readonly HandedClass[];
  /** The name the stub imports. */
  readonly exported: string;
}

export interface SourceMap {
  readonly version: number;
  readonly sources: readonly (string | null)[];
  readonly sourcesContent?: readonly (string | null)[];
  readonly names: readonly string[];
  readonly mappings: string;
}

export interface RankModule {
  readonly code: string;
  readonly map: SourceMap;
  /** By what the functions know the classes of the user's module. */
  readonly classNames: ReadonlyMap<Binding, string>;
}

export function emitRankModule(functions: readonly FunctionToEmit[], home: ModuleSource): RankModule {
  const modules = new Map<string, ModuleSource>([[home.file, home]]);
  for (const { fn, captures } of functions) {
    for (const frame of fn.frames) modules.set(frame.module.file, frame.module);
    for (const { module } of captures.helpers.values()) modules.set(module.file, module);
  }
  const names = new Names([...modules.values()].map((m) => m.program));
  const runtime = names.fresh("lockstep");
  const shared = new SharedParts(names, home, localNames([...modules.values()]));
  for (const one of functions) shared.use(one);
  const descriptors = new Descriptors(names, runtime);
  const defined = functions.flatMap((one) => emitFunction(one, { runtime, names, shared, descriptors }));

  // Descriptors have no place in the source; set in front as text, they only shift the map by their lines.
  const head = [`import * as ${runtime} from "@lockstep/runtime/spmd";`, ...shared.imports(), "", ...descriptors.statements, "", ""].join("\n");
  const body = [...shared.constants(runtime, names), ...shared.helpers(runtime, names), ...defined];
  const sources = Object.fromEntries([...modules].map(([file, m]) => [file, m.code]));
  const { code, map } = generate(program(body), { sourceMaps: true, sourceFileName: home.file, jsescOption: { minimal: true } }, sources);
  const generated = map as unknown as SourceMap;
  const classNames = new Map(functions.flatMap(({ classes }) => classes.map(({ binding }) => [binding, shared.nameOf(binding)])));
  return { code: `${head}${code}\n`, classNames, map: { ...generated, mappings: ";".repeat(head.split("\n").length - 1) + generated.mappings } };
}

/** What several annotated functions of the module reach: emitted once, under names that do not clash. */
class SharedParts {
  readonly renamed = new Map<Binding, string>();
  readonly #home: ModuleSource;
  readonly #names: Names;
  readonly #locals: ReadonlySet<string>;
  readonly #imports = new Map<string, { local: string; from: ImportedName; specifier: string }>();
  readonly #constants = new Map<Binding | t.TSEnumDeclaration, { name: string; module: ModuleSource }>();
  readonly #helpers = new Map<Binding, CapturedHelper>();
  readonly #given = new Map<string, Binding>();
  /** Classes that are imported, and assigned. */
  readonly #replaced = new Set<string>();

  constructor(names: Names, home: ModuleSource, locals: ReadonlySet<string>) {
    this.#names = names;
    this.#home = home;
    this.#locals = locals;
  }

  /** What the rank module calls a binding of the source. */
  nameOf(binding: Binding): string {
    return this.renamed.get(binding) ?? binding.identifier.name;
  }

  use({ captures, classes }: FunctionToEmit): void {
    for (const [name, binding] of captures.captured) this.#name(binding, name);
    for (const imported of captures.imports.values()) this.#import(imported);
    for (const [binding, { name, module }] of captures.constants) {
      this.#constants.set(binding, { name, module });
      if ("path" in binding) this.#name(binding, name);
    }
    for (const [binding, helper] of captures.helpers) {
      if (!helper.inner) this.#helpers.set(binding, { ...helper, aliases: new Set([...(this.#helpers.get(binding)?.aliases ?? []), ...helper.aliases]) });
      this.#name(binding, helper.name);
      const emitted = this.renamed.get(binding) ?? helper.name;
      for (const alias of helper.aliases) if (alias.identifier.name !== emitted) this.renamed.set(alias, emitted);
    }
    for (const { binding } of classes) if (!captures.helpers.has(binding)) this.#replaced.add(this.nameOf(binding));
  }

  /** What several modules import is imported once; what has the same name and is another thing, under a name of its own. */
  #import({ local, from, module, binding }: CapturedImport): void {
    const specifier = this.#specifier(from.specifier, module);
    const target = `${specifier}\0${from.imported}`;
    const known = this.#imports.get(target);
    if (binding && known && known.local !== local) this.renamed.set(binding, known.local);
    if (known) return;
    if (binding) this.#name(binding, local);
    this.#imports.set(target, { local: (binding && this.renamed.get(binding)) ?? local, from, specifier });
  }

  /** The source's own name, unless another module's binding has it, or a variable within a function, in which helpers may stand that stood elsewhere. A class is what it is called. */
  #name(binding: Binding, name: string): void {
    const holder = this.#given.get(name);
    if (holder === binding || this.renamed.has(binding)) return;
    if (holder || (this.#locals.has(name) && !binding.path.isClassDeclaration())) this.renamed.set(binding, this.#names.fresh(name));
    else this.#given.set(name, binding);
  }

  /** Relative specifiers of other modules, seen from the home module. */
  #specifier(specifier: string, module: ModuleSource): string {
    return module === this.#home || !specifier.startsWith(".") ? specifier : relative(this.#home.file, joined(module.file, specifier));
  }

  imports(): string[] {
    return [...this.#imports.values()].map(({ local: name, from: { imported }, specifier }) => {
      const local = this.#replaced.has(name) ? this.#names.fresh(name) : name;
      const assigned = local === name ? "" : ` let ${name} = ${local};`;
      const what = imported === "*" ? `* as ${local}` : imported === "default" ? local : `{ ${imported === local ? local : `${imported} as ${local}`} }`;
      return `import ${what} from ${JSON.stringify(specifier)};${assigned}`;
    });
  }

  constants(runtime: string, names: Names): Statement[] {
    return [...this.#constants].map(([binding, { name, module }]) => {
      if (!("path" in binding)) {
        const members = valueToNode(constantNamed(name, { module, scope: module.scope })!.value as never) as Expression;
        return { ...variableDeclaration("const", [variableDeclarator(identifier(name), members)]), loc: binding.loc } as Statement;
      }
      const { node } = binding.path;
      const place = { module, scope: binding.scope };
      const value = plainRewriter(place, this.renamed, runtime, names).rewrite((node as t.VariableDeclarator).init!) as Expression;
      return { ...variableDeclaration("const", [variableDeclarator(identifier(this.renamed.get(binding) ?? name), value)]), loc: node.loc } as Statement;
    });
  }

  helpers(runtime: string, names: Names): Statement[] {
    return inOrder(this.#helpers, this.#home).map(([binding, { name, node, module }]) => helperStatement(binding, name, node, module, this.renamed, runtime, names));
  }
}

/** The names of variables within functions and blocks. */
function localNames(modules: readonly ModuleSource[]): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { scope } of modules) scope.path.traverse({ Scopable: (path) => void (path.scope !== scope && Object.keys(path.scope.bindings).forEach((name) => found.add(name))) });
  return found;
}

/** Classes as they are loaded without the plugin: those of an imported module before its importer's, in a module as written. In front of them functions, which their static fields may call. */
function inOrder(helpers: ReadonlyMap<Binding, CapturedHelper>, home: ModuleSource): [Binding, CapturedHelper][] {
  const modules = inOrderOfImports([...helpers.values()], home);
  const start = ({ node }: CapturedHelper) => (node.type === "ClassDeclaration" ? node.start! : -1);
  const rank = (helper: CapturedHelper) => (helper.node.type === "ClassDeclaration" ? modules.indexOf(helper.module) : -1);
  return [...helpers].toSorted(([, a], [, b]) => rank(a) - rank(b) || start(a) - start(b));
}

/** The modules of the helpers, each behind those that it imports helpers of. */
function inOrderOfImports(helpers: readonly CapturedHelper[], home: ModuleSource): readonly ModuleSource[] {
  const entered = new Set<ModuleSource>();
  const ordered: ModuleSource[] = [];
  const enter = (module: ModuleSource): void => {
    if (entered.has(module)) return;
    entered.add(module);
    const imports = helpers.flatMap((helper) => Array.from(helper.aliases, (alias) => ({ alias, from: helper.module }))).filter(({ alias }) => alias.scope === module.scope);
    for (const { from } of imports.toSorted((a, b) => a.alias.identifier.start! - b.alias.identifier.start!)) enter(from);
    ordered.push(module);
  };
  for (const module of [home, ...helpers.map((helper) => helper.module)]) enter(module);
  return ordered;
}

function helperStatement(binding: Binding, name: string, node: CapturedHelper["node"], module: ModuleSource, renamed: ReadonlyMap<Binding, string>, runtime: string, names: Names): Statement {
  const copy = plainRewriter({ module, scope: binding.scope }, renamed, runtime, names).rewrite(node.type === "ClassDeclaration" ? node : withoutBodyDirectives(node));
  const as = renamed.get(binding) ?? name;
  if (copy.type === "FunctionDeclaration" || copy.type === "ClassDeclaration") return { ...copy, id: identifier(as), leadingComments: [], trailingComments: [] } as unknown as Statement;
  return variableDeclaration("const", [variableDeclarator(identifier(as), copy as Expression)]);
}

const plainRewriter = (place: { module: ModuleSource; scope: Binding["scope"] }, renamed: ReadonlyMap<Binding, string>, runtime: string, names: Names): Rewriter =>
  new Rewriter({ fn: { frames: [], sites: new Map(), operands: new Map() }, values: new Map(), spools: new Map(), descriptors: new Descriptors(names, runtime), runtime, renamed, helper: noHelper }, place, null);

const noHelper = (): never => {
  throw new Error("a plain helper has no table calls");
};

interface EmitContext {
  readonly runtime: string;
  readonly names: Names;
  readonly shared: SharedParts;
  readonly descriptors: Descriptors;
}

function emitFunction({ fn, captures, classes, exported }: FunctionToEmit, { runtime, names, shared, descriptors }: EmitContext): Statement[] {
  const clones: Statement[] = [];
  const emittedFrames = new Map<SourceFrame, { name: string; async: boolean }>();
  const spools = new Map<ValueId, Instruction>();
  for (const i of instructions(fn.ir)) if (i.op === "spool") spools.set(i.inputs[0]!, i);
  const context: RewriteContext = {
    fn, values: valuesOf(fn.ir), spools, descriptors, runtime, renamed: shared.renamed,
    helper: (frame) => {
      // A helper inside the function stays where it is, and is rewritten with it.
      if (frame.enclosing) return { name: variantName(frame), async: waits(frame, fn) };
      let done = emittedFrames.get(frame);
      if (!done) emittedFrames.set(frame, (done = emitFrame(frame)));
      return done;
    },
  };
  const hasCaptured = captures.captured.size > 0;
  const variants = new Map<SourceFrame, string>();
  const variantName = (frame: SourceFrame): string => {
    let name = variants.get(frame);
    if (!name) variants.set(frame, (name = fn.frames.find((f) => f.node === frame.node) === frame ? frame.name : names.fresh(`${frame.name}_${callLine(frame, fn)}`)));
    return name;
  };

  /** One clone a call: the descriptors in it are of that call. */
  const emitFrame = (frame: SourceFrame) => {
    const rewriter = new Rewriter(context, frame.place, fn.sites.get(frame.id) ?? new Map());
    const copy = rewriter.function(withoutBodyDirectives(frame.node)) as unknown as t.FunctionExpression;
    const async = frame.node.async || rewriter.awaits;
    const name = names.fresh(`${frame.name}_${callLine(frame, fn)}`);
    clones.push(variableDeclaration("const", [variableDeclarator(identifier(name), asArrow(copy, async))]));
    return { name, async };
  };

  const root = fn.frames[0]!;
  const rewriter = new Rewriter(context, root.place, fn.sites.get(0) ?? new Map());
  const copy = rewriter.function(withoutBodyDirectives(root.node)) as unknown as t.FunctionExpression;
  const inner = inOrder(captures.helpers, fn.module).filter(([, h]) => h.inner).map(([binding, h]) => helperStatement(binding, h.name, h.node, h.module, shared.renamed, runtime, names));
  const own = classes.length === 0 ? [] : [ownClasses(new Set(classes.map(({ binding }) => shared.nameOf(binding))), runtime)];
  const insideClones = hasCaptured ? clones : [];
  const body = copy.body as t.BlockStatement;
  const parameters = copy.params.map((p) => (p.type === "AssignmentPattern" ? p.left : p)) as t.FunctionExpression["params"];
  const captured = objectPattern([...captures.captured].map(([name, binding]) => objectProperty(identifier(name), identifier(shared.nameOf(binding)), false, shared.nameOf(binding) === name)));
  const main = {
    ...arrowFunctionExpression([hasCaptured ? captured : identifier(names.local("_")), ...parameters], blockStatement([...inner, ...own, ...insideClones, ...body.body]), true),
    loc: root.node.loc,
  } as Expression;
  const define = callExpression(memberExpression(identifier(runtime), identifier("define")), [stringLiteral(fn.ir.id), main]);
  const declaration = exportNamedDeclaration(variableDeclaration("const", [variableDeclarator(identifier(exported), define)]));
  declaration.leadingComments = (root.node.leadingComments ?? []).slice();
  return [...(hasCaptured ? [] : clones), declaration];
}

/** `({ TripError } = lockstep.own({ TripError }));` */
function ownClasses(classNames: ReadonlySet<string>, runtime: string): Statement {
  const names = () => [...classNames].map((name) => objectProperty(identifier(name), identifier(name), false, true));
  const own = callExpression(memberExpression(identifier(runtime), identifier("own")), [objectExpression(names())]);
  return expressionStatement(assignmentExpression("=", objectPattern(names()), own));
}

/** Whether a frame's code waits for other ranks. */
function waits(frame: SourceFrame, fn: ParsedFunction): boolean {
  const sites = [...(fn.sites.get(frame.id)?.values() ?? [])];
  return frame.node.async || sites.some((site) => (site.kind === "frame" ? waits(site.frame, fn) : verbOf(site.instruction.op).role !== "verb"));
}

function withoutBodyDirectives<N extends t.Function>(node: N): N {
  return node.body.type === "BlockStatement" ? { ...node, body: { ...node.body, directives: [] } } : node;
}

function asArrow(copy: t.FunctionExpression | t.ArrowFunctionExpression, async: boolean): Expression {
  return { ...arrowFunctionExpression(copy.params as never, copy.body as never, async), loc: copy.loc } as Expression;
}

function callLine(frame: SourceFrame, fn: ParsedFunction): number {
  const sites = fn.sites.get(frame.caller?.id ?? 0);
  for (const [node, site] of sites ?? []) if (site.kind === "frame" && site.frame === frame) return node.loc?.start.line ?? 0;
  return 0;
}

function joined(file: string, specifier: string): string {
  const parts = file.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function relative(from: string, to: string): string {
  const [a, b] = [from.split("/").slice(0, -1), to.split("/")];
  while (a.length > 0 && a[0] === b[0]) {
    a.shift();
    b.shift();
  }
  return a.length === 0 ? `./${b.join("/")}` : `${"../".repeat(a.length)}${b.join("/")}`;
}

/**
 * What an annotated function uses from outside itself, and how each of it comes to the ranks: literals and pure helpers are
 * copied, imports are imported again, values computed at run time are evaluated on rank 0 and sent with each call.
 */
import type * as t from "@babel/types";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { capturedChanged } from "../diagnostics/captured-changed.ts";
import { argumentWritten } from "../diagnostics/argument-written.ts";
import { capturedWritten } from "../diagnostics/captured-written.ts";
import { syncObservation } from "../diagnostics/sync-observation.ts";
import { tableEscapes } from "../diagnostics/table-escapes.ts";
import { uncapturable } from "../diagnostics/uncapturable.ts";
import { at } from "../diagnostics/define.ts";
import { effect } from "../diagnostics/effect.ts";
import { capturedIn, type Expression, scriptIn } from "../ir/expression.ts";
import { instructions } from "../ir/ir.ts";
import type { SourceSpan } from "../ir/types.ts";
import { verbOf } from "../verbs/index.ts";
import { emittedArguments } from "./call-arguments.ts";
import { collectiveOf } from "./collectives.ts";
import { constantNamed, constantOf } from "./constants.ts";
import { classOfBinding, privateOfError } from "./classes.ts";
import { changeAfter, isRunAtOnce, takenAlong } from "./copied.ts";
import { aliasOf, effectOf } from "./effects.ts";
import type { ParsedFunction, SourceFrame } from "./frames.ts";
import { bare, type Binding, type ImportedName, type ModuleSource, spanOf } from "./module.ts";
import type { Modules } from "./modules.ts";
import { mutationOf, ownChange } from "./mutations.ts";
import { functionOf, type Helper, helperNamed, importOf, type Place } from "./names.ts";
import { unsendable } from "./unsendable.ts";
import { evaluatedNodes, isTypeOnly } from "./walk.ts";
import { changedBy, rootOf, writtenBy } from "./writes.ts";

export interface CapturedHelper {
  readonly binding: Binding;
  readonly name: string;
  readonly node: t.Function | t.ClassDeclaration;
  readonly module: ModuleSource;
  /** It uses values that are sent with the call, so it is defined inside the function. */
  inner: boolean;
  /** The imports it is called by. */
  readonly aliases: Set<Binding>;
}

export interface CapturedImport {
  readonly local: string;
  readonly from: ImportedName;
  readonly module: ModuleSource;
  readonly binding: Binding | undefined;
}

export interface Captures {
  /** Evaluated where the function is called, and sent: name → binding. */
  readonly captured: ReadonlyMap<string, Binding>;
  /** By binding, or by declaration for enums. */
  readonly constants: ReadonlyMap<Binding | t.TSEnumDeclaration, { readonly name: string; readonly module: ModuleSource }>;
  readonly helpers: ReadonlyMap<Binding, CapturedHelper>;
  readonly imports: ReadonlyMap<string, CapturedImport>;
}

export function collectCaptures(fn: ParsedFunction, modules: Modules, report: (d: Diagnostic) => void): Captures {
  const collector = new Collector(fn, modules, report);
  for (const frame of fn.frames) collector.frame(frame);
  collector.arguments();
  collector.rowCaptures();
  return collector;
}

class Collector implements Captures {
  readonly captured = new Map<string, Binding>();
  readonly constants = new Map<Binding | t.TSEnumDeclaration, { name: string; module: ModuleSource }>();
  readonly helpers = new Map<Binding, CapturedHelper>();
  readonly imports = new Map<string, CapturedImport>();
  readonly #fn: ParsedFunction;
  readonly #modules: Modules;
  readonly #report: (d: Diagnostic) => void;
  readonly #seen = new Set<Binding>();
  #frame!: SourceFrame;
  #helper: CapturedHelper | null = null;
  /** What is walked is part of an effect that was looked at as a whole. */
  #inEffect = false;
  /** The functions and classes of other modules that are being looked at: they may use each other. */
  #trying: ReadonlySet<t.Node> = new Set();

  constructor(fn: ParsedFunction, modules: Modules, report: (d: Diagnostic) => void) {
    this.#fn = fn;
    this.#modules = modules;
    this.#report = report;
  }

  frame(frame: SourceFrame): void {
    this.#frame = frame;
    for (const part of [...frame.node.params, frame.node.body]) this.#walk(part, frame.place);
  }

  /** Arguments that are changed by another name than their own. */
  arguments(): void {
    const { node, module } = this.#fn.frames[0]!;
    for (const binding of Object.values(module.scopeOf(node)?.bindings ?? {})) {
      const { name } = binding.identifier;
      const change = this.#isArgument(binding) && !this.#fn.isTable(binding) ? mutationOf(binding) : null;
      if (change && rootOf(targetOf(change))?.name !== name) this.#report(argumentWritten(name, spanOf(change, module)));
    }
  }

  /** Names in row functions that become literals when the verb is called. */
  rowCaptures(): void {
    for (const i of instructions(this.#fn.ir)) {
      this.#frame = this.#fn.frames[i.frame]!;
      for (const argument of [...i.rows, ...i.pushed]) {
        const operand = this.#fn.operands.get(argument);
        const place = operand?.kind === "function" ? operand.place : this.#frame.place;
        if (operand?.kind === "function" && argument.expression && scriptIn(argument.expression)) {
          this.#walk(bare(operand.node), place);
          this.#changedLater(argument.expression, operand.node, place);
          this.#privateErrors();
          continue;
        }
        for (const { path, span } of argument.expression ? capturedIn(argument.expression) : []) this.#name(path.root, place, null, span.line);
      }
    }
  }

  /** What a row function throws is put together again where it is caught. */
  #privateErrors(): void {
    const imported = [...this.imports.values()].flatMap(({ local, from, module: importer }) => {
      const resolved = this.#modules.follow(importer, from);
      const binding = resolved.kind === "declared" ? resolved.module.scope.getBinding(resolved.name) : undefined;
      return resolved.kind === "declared" && binding ? [{ binding, module: resolved.module, name: local }] : [];
    });
    for (const { binding, module, name } of [...this.helpers.values(), ...imported]) {
      const known = classOfBinding(binding);
      const member = known && privateOfError(known);
      if (member) this.#report(uncapturable(name, "a class of errors with private fields", spanOf(member, module), "declare them private instead of #: what a row function throws travels without such fields"));
    }
  }

  /** V8 runs a row function when its table is computed: an instance of a class, which is not copied, would be seen changed. */
  #changedLater(expression: Expression, fn: t.Node, place: Place): void {
    const path = place.module.scopeOf(fn)?.path;
    if (path && isRunAtOnce(path)) return;
    for (const binding of takenAlong(scriptIn(expression)!.free, place.scope)) {
      const write = changeAfter(binding, fn);
      if (write) this.#report(capturedChanged(binding.identifier.name, spanOf(write, place.module), spanOf(fn, place.module)));
    }
  }

  #walk(node: t.Node, outer: Place): void {
    if (isTypeOnly(node)) return;
    const place = { module: outer.module, scope: outer.module.scopeOf(node) ?? outer.scope };
    const walk = (child: t.Node | null | undefined) => child && this.#walk(child, place);
    this.#collective(node, place);
    const outerEffect = this.#inEffect;
    const isSaid = this.#effect(node, place);
    // Of a forbidden call nothing more is said than that.
    if (isSaid && "arguments" in node) node.arguments.forEach(walk);
    else this.#parts(node, place, walk);
    this.#inEffect = outerEffect;
  }

  #parts(node: t.Node, place: Place, walk: (child: t.Node | null | undefined) => void): void {
    switch (node.type) {
      case "Identifier":
        return this.#name(node.name, place, node);
      case "MemberExpression":
      case "OptionalMemberExpression":
        this.#importedMember(node, place);
        break;
      case "CallExpression": {
        const site = this.#helper ? undefined : this.#fn.sites.get(this.#frame.id)?.get(node);
        if (site?.kind === "frame" && node.callee.type === "MemberExpression") return void walk(node.callee.object);
        if (site?.kind === "frame") return node.arguments.forEach(walk);
        if (site?.kind === "verb") {
          const callee = bare(node.callee);
          if (callee.type === "MemberExpression" && verbOf(site.instruction.op).on === "table") walk(callee.object);
          for (const argument of emittedArguments(node, verbOf(site.instruction.op).signature)) if (argument.kind === "expression") walk(argument.node);
          return;
        }
        break;
      }
    }
    this.#writes(node, place);
    evaluatedNodes(node).forEach(walk);
  }

  /** Ranks meet in statements of the annotated function and of helpers that are read with it; methods, and what is passed on, are called when JavaScript likes. */
  #collective(node: t.Node, place: Place): void {
    const isCall = node.type === "CallExpression";
    const named = isCall || node.type === "OptionalCallExpression" ? node.callee : (node.type === "Identifier" || node.type === "MemberExpression") && !place.module.isCallee(node) ? node : null;
    const name = named && collectiveOf(named, place);
    const isIn = isCall && !this.#helper && place.scope.getFunctionParent()?.block === this.#frame.node;
    if (name && !isIn) this.#report(syncObservation(name, spanOf(node, place.module), "a callback or a method"));
  }

  /** Time, files and the like are sent from rank 0, which only the annotated function itself can wait for. True: it may not be at all. */
  #effect(node: t.Node, place: Place): boolean {
    const found = effectOf(node, place);
    if (!found || (this.#inEffect && found.kind === "alike")) return false;
    this.#inEffect ||= found.kind === "alike";
    const span = spanOf(node, place.module);
    if (found.kind === "forbidden") this.#report(effect(found.what, found.why, found.fix, span));
    else if (this.#fn.touches(node, place)) this.#report(effect(found.what, "is evaluated on rank 0 alone, where no table operation can be", "take the table's value into a const before", span));
    else if (this.#helper || place.scope.getFunctionParent()?.block !== this.#frame.node) {
      this.#report(effect(found.what, "may differ between ranks, and cannot be sent from rank 0 out of a helper or callback", "take the value into a const of the annotated function, or read it there as a table and join", span));
    }
    return found.kind === "forbidden";
  }

  /** `counts.total += 1`, `seen.push(1)`: writing through a captured value changes this rank's copy only. */
  #writes(node: t.Node, place: Place): void {
    const changed = node.type === "CallExpression" || node.type === "OptionalCallExpression" ? changedBy(node) : null;
    const members = writtenBy(node).filter(({ type }) => type !== "Identifier");
    for (const target of changed ? [changed] : members) {
      const root = rootOf(target);
      const binding = root && place.scope.getBinding(root.name);
      if (binding && this.#isArgument(binding)) this.#report(argumentWritten(root.name, spanOf(changed ? node : target, place.module)));
      if (!binding || !this.#isOutside(binding)) continue;
      // What a package exports under such a name (`R.add(1, 2)`) is a function of its arguments.
      const imported = changed && importOf(root.name, place);
      if (imported && (imported.imported === "*" || !/^\.{0,2}\//.test(imported.specifier))) continue;
      this.#report(capturedWritten(root.name, spanOf(changed ? node : target, place.module), spanOf(binding.identifier, place.module)));
    }
  }

  /** A parameter of the annotated function itself, as it was given. */
  #isArgument(binding: Binding): boolean {
    return !this.#helper && binding.kind === "param" && binding.constantViolations.length === 0 && binding.scope.block === this.#fn.frames[0]!.node;
  }

  /** Not of this frame's function, nor of one it stands in that is part of the annotated function. */
  #isOutside(binding: Binding): boolean {
    const owner = this.#helper ? this.#helper.node : null;
    for (let scope: typeof binding.scope | undefined = binding.scope; scope; scope = scope.parent) {
      if (scope.block === owner) return false;
      if (!owner && this.#fn.frames.some((f) => f.node === scope!.block)) return false;
    }
    return true;
  }

  #name(name: string, place: Place, node: t.Node | null, line = 0): void {
    const imported = importOf(name, place);
    if (imported) return this.#captureImport(name, imported, place, node);
    const { module } = place;
    const binding = place.scope.getBinding(name);
    const declaredEnum = binding ? undefined : module.enums.get(name);
    if (declaredEnum) {
      if (constantNamed(name, place)) return void this.constants.set(declaredEnum, { name, module });
      if (node) this.#report(uncapturable(name, "an enum with members that are computed at run time", spanOf(node, module)));
      return;
    }
    if (!binding && node && module.namespaces.has(name)) return this.#report(uncapturable(name, "a namespace", spanOf(node, module)));
    if (!binding || !this.#isOutside(binding)) return;
    const fn = binding.path.node.type === "ClassDeclaration" ? binding.path.node : functionOf(binding);
    if (fn) return this.#captureHelper(name, fn, binding, module);
    const scoped = { module, scope: binding.scope };
    const init = binding.path.node.type === "VariableDeclarator" ? binding.path.node.init : null;
    if (constantNamed(name, scoped) && (!init || constantOf(init, scoped))) return void this.constants.set(binding, { name, module });
    this.#captureValue(name, binding, module, node, line);
  }

  /**
   * A helper whose source is known, and that needs nothing of its module's state, is copied: importing its module would run
   * that module's top level on every rank. Everything else is imported again.
   */
  #captureImport(name: string, imported: ImportedName, place: Place, node: t.Node | null): void {
    const helper = helperNamed(name, place, this.#modules);
    const alias = place.scope.getBinding(name);
    const binding = helper?.scope.getBinding(helper.name);
    if (helper && alias && binding && (this.helpers.has(binding) || this.#isClosed(helper, binding, node && spanOf(node, place.module)))) {
      this.#captureHelper(helper.name, helper.node, binding, helper.module);
      this.helpers.get(binding)!.aliases.add(alias);
      return;
    }
    if (!helper && node) this.#checkClass(imported, node, place);
    this.imports.set(`${place.module.id}\0${name}`, { local: name, from: imported, module: place.module, binding: alias });
  }

  /** Methods are not followed from call to call: any of a class may be called. */
  #checkClass(imported: ImportedName, use: t.Node, place: Place): void {
    const resolved = this.#modules.follow(place.module, imported);
    const binding = resolved.kind === "declared" ? resolved.module.scope.getBinding(resolved.name) : undefined;
    if (resolved.kind !== "declared" || binding?.path.node.type !== "ClassDeclaration" || this.#trying.has(binding.path.node)) return;
    const trial = this.#trial(resolved.name, binding.path.node, spanOf(use, place.module), () => undefined);
    trial.#walk(binding.path.node.body, { module: resolved.module, scope: binding.scope });
  }

  /** `io.save(text)` of `import * as io`. */
  #importedMember({ object, property, computed }: t.MemberExpression | t.OptionalMemberExpression, place: Place): void {
    const namespace = object.type === "Identifier" ? importOf(object.name, place) : undefined;
    if (namespace?.imported !== "*" || computed || property.type !== "Identifier") return;
    const resolved = this.#modules.follow(place.module, { ...namespace, imported: property.name });
    if (resolved.kind === "foreign") return;
    const helper = helperNamed(resolved.name, { module: resolved.module, scope: resolved.module.scope }, this.#modules);
    const binding = helper?.scope.getBinding(helper.name);
    if (helper && binding) this.#isClosed(helper, binding, spanOf(property, place.module));
  }

  /** Looks at what is of another module. What it does to the process every rank would do, whether it is copied or imported again. */
  #trial(name: string, node: t.Node, use: SourceSpan | null, unsound: () => void): Collector {
    const trial = new Collector(this.#fn, this.#modules, (d) => {
      unsound();
      if (d.code === effect.page.code) this.#report({ ...d, locations: use ? [...d.locations, at(use, `in ${name}, used here`)] : d.locations });
    });
    trial.#frame = this.#frame;
    trial.#trying = new Set([...this.#trying, node]);
    return trial;
  }

  #isClosed(helper: Helper, binding: Binding, use: SourceSpan | null): boolean {
    if (this.#trying.has(helper.node)) return true;
    let sound = true;
    const trial = this.#trial(helper.name, helper.node, use, () => void (sound = false));
    trial.#captureHelper(helper.name, helper.node, binding, helper.module);
    return sound && trial.captured.size === 0;
  }

  #captureHelper(name: string, node: CapturedHelper["node"], binding: Binding, module: ModuleSource): void {
    const known = this.helpers.get(binding);
    if (known) {
      if (known.inner && this.#helper) this.#helper.inner = true;
      return;
    }
    const helper: CapturedHelper = { binding, name, node, module, inner: false, aliases: new Set() };
    this.helpers.set(binding, helper);
    // A recursive one is reported where it calls itself.
    const isClass = node.type === "ClassDeclaration";
    if (!isClass && this.#frame.node !== node && this.#fn.touches(node, { module, scope: binding.scope })) this.#report(tableEscapes(spanOf(node, module), "in a function that is used as a value", "call it where it stands, or write what it does there"));
    const [outer, outerEffect] = [this.#helper, this.#inEffect];
    this.#helper = helper;
    this.#inEffect = false;
    const parts = isClass ? (node.superClass ? [node.superClass, node.body] : [node.body]) : [...node.params, node.body];
    for (const part of parts) this.#walk(part, { module, scope: module.scopeOf(node) ?? binding.scope });
    const property = isClass && node.body.body.find((member) => member.type === "ClassMethod" && member.params.some((param) => param.type === "TSParameterProperty"));
    if (property) this.#report(uncapturable(name, "a class with parameter properties", spanOf(property, module), "write its fields out, as Node needs them: TypeScript's erasableSyntaxOnly finds them"));
    const write = isClass ? (binding.constantViolations[0]?.node ?? mutationOf(binding) ?? ownChange(binding)) : null;
    if (write) this.#report(capturedWritten(name, spanOf(write, module), spanOf(binding.identifier, module)));
    [this.#helper, this.#inEffect] = [outer, outerEffect];
    if (helper.inner && outer) outer.inner = true;
  }

  #captureValue(name: string, binding: Binding, module: ModuleSource, node: t.Node | null, line: number): void {
    if (this.#helper) this.#helper.inner = true;
    if (this.#seen.has(binding)) return;
    this.#seen.add(binding);
    const use = node ? spanOf(node, module) : { ...spanOf(binding.identifier, module), ...(line ? { line, endLine: line } : {}) };
    const write = binding.constantViolations[0];
    if (write) return this.#report(capturedWritten(name, spanOf(write.node, module), spanOf(binding.identifier, module)));
    const parts = [...this.#fn.frames, ...this.helpers.values()].filter((part) => part.module === module);
    const change = mutationOf(binding, ({ node: use }) => parts.some(({ node }) => node.start! <= use.start! && use.end! <= node.end!));
    // What is written by its own name is said there.
    if (change && rootOf(targetOf(change))?.name !== name) this.#report(capturedWritten(name, spanOf(change, module), spanOf(binding.identifier, module)));
    const alias = aliasOf(name, { module, scope: binding.scope });
    if (alias) return this.#report(uncapturable(name, `Node's ${alias} in a variable`, use, `write ${alias} itself in the annotated function, imported in this module`));
    const unsent = binding.path.node.type === "VariableDeclarator" && binding.path.node.init ? unsendable(binding.path.node.init, { module, scope: binding.scope }) : null;
    if (unsent) return this.#report(uncapturable(name, unsent.what, use, unsent.fix));
    if (module !== this.#fn.module) return this.#report(uncapturable(name, `a value that ${module.file} computes at run time`, use));
    this.captured.set(name, binding);
  }
}

/** What a node that {@link mutationOf} finds writes. */
const targetOf = (node: t.Node): t.Node => ((node.type === "CallExpression" || node.type === "OptionalCallExpression") && changedBy(node)) || node;

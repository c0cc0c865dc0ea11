/**
 * Which scalars may differ between ranks: `rank()`, a batch of a table's rows, what is computed from them, and what is assigned where not all ranks come
 * by. All others are alike by construction.
 *
 * A divergence analysis over the syntax, to a fixpoint. Data: a variable that is ever given something varying is varying,
 * whatever the pattern or method. Control: so is one that is assigned under a varying condition, in a loop that a varying
 * condition leaves or cuts short, after a varying return, after a varying throw in the same try, or in a function that is called in such a place.
 */
import type * as t from "@babel/types";
import { collectiveOf, givesAlike, givesRoot } from "./collectives.ts";
import { bare, type Binding } from "./module.ts";
import type { Modules } from "./modules.ts";
import { functionOf, helperOf, type Place, runtimeName } from "./names.ts";
import { argumentsOf, calleeOf, cannotThrow, isCall, swallows } from "./throws.ts";
import { childNodes, evaluatedNodes, isTypeOnly } from "./walk.ts";
import { assignedIn, objectRoot, targetsOf } from "./writes.ts";

/** What is around a node while a function is walked. */
interface Around {
  readonly place: Place;
  /** Ranks may differ in whether they come here. */
  readonly controlled: boolean;
  /** Some may have returned: the others agree about their own variables, but what is outside of the function all may see later. */
  readonly partly: boolean;
  /** What `break` and `continue` may leave, outermost first. */
  readonly left: readonly t.Node[];
  /** The try that catches what is thrown here, and how much of `left` is around it; whether some ranks have thrown so far. */
  readonly caught: { readonly around: number; some: boolean } | null;
  readonly fn: t.Function;
  /** Whether ranks have returned from it that others have not. */
  readonly returned: { some: boolean };
}

/** Whether an expression is a table. */
type IsTable = (node: t.Node, place: Place) => boolean;

const LOOP = /^(For|ForOf|ForIn|While|DoWhile)Statement$/;

export class Varying {
  readonly #modules: Modules;
  readonly #isTable: IsTable;
  readonly #bindings = new Set<Binding>();
  /** Variables that hold batches. */
  readonly #dealt = new Set<Binding>();
  /** Variables that hold one batch: its rows vary, its `step` does not. */
  readonly #batches = new Set<Binding>();
  /** Variables whose objects are given something varying. */
  readonly #written = new Set<Binding>();
  /** Loops, switches and labelled statements that ranks leave differently, and functions not all of them call. */
  readonly #diverging = new Set<t.Node>();
  /** Loops that ranks return from differently, and functions called in such places. */
  readonly #partly = new Set<t.Node>();
  readonly #returning = new Set<t.Function>();
  /** Functions out of which some ranks may throw and others not, and the expressions that may do so. */
  readonly #throwing = new Set<t.Function>();
  readonly #failing = new Set<t.Node>();
  readonly #analysed = new Set<t.Function>();
  /** Helpers of which it has been found out what they return where their arguments vary, and where these are batches. */
  readonly #returningOfVarying = [new Map<t.Function, boolean>(), new Map<t.Function, boolean>()] as const;
  /** The helpers of which that is being found out. */
  readonly #asked: readonly t.Function[];
  /** What the root of a collective gets is all there is to it. */
  readonly #onRoot: boolean;

  constructor(modules: Modules, isTable: IsTable, { onRoot = false, asked = [] }: { readonly onRoot?: boolean; readonly asked?: readonly t.Function[] } = {}) {
    this.#modules = modules;
    this.#isTable = isTable;
    this.#asked = asked;
    this.#onRoot = onRoot;
  }

  /** Notes what varies in `fn`. */
  analyse(fn: t.Function, outer: Place): void {
    this.#analysed.add(fn);
    for (let before = -1; before !== this.#found; ) {
      before = this.#found;
      this.#visit(fn, { place: outer, controlled: false, partly: false, left: [], caught: null, fn, returned: { some: false } });
    }
  }

  /** Grows with everything that is found out. */
  get #found(): number {
    return [this.#dealt, this.#batches, this.#bindings, this.#written, this.#diverging, this.#partly, this.#returning, this.#throwing].reduce((sum, found) => sum + found.size, 0);
  }

  /** A call of `fn` gives its parameters these values. */
  given(fn: t.Function, args: readonly t.Node[], inside: Place, place: Place): void {
    fn.params.forEach((parameter, n) => {
      const values = parameter.type === "RestElement" ? args.slice(n) : args.slice(n, n + 1);
      if (parameter.type === "Identifier" && values.length === 1 && this.#handed(parameter, values[0]!, inside, place)) return;
      if (values.some((value) => this.is(value, place))) this.#mark(parameter, inside);
    });
  }

  /** Batches, and a batch, stay what they are where a variable or a parameter of their own holds them. */
  #handed(target: t.Identifier, value: t.Node, inside: Place, place: Place): boolean {
    const binding = inside.scope.getBinding(target.name);
    if (!binding) return false;
    if (this.#deals(value, place)) {
      this.#dealt.add(binding);
      return true;
    }
    if (!this.#isBatch(value, place)) return false;
    this.#markBatch(target, inside);
    return true;
  }

  #isBatch(node: t.Node, place: Place): boolean {
    const e = bare(node);
    const binding = e.type === "Identifier" ? place.scope.getBinding(e.name) : undefined;
    return binding !== undefined && this.#batches.has(binding);
  }

  is(node: t.Node, outer: Place): boolean {
    if (isTypeOnly(node)) return false;
    const e = bare(node);
    const place = within(e, outer);
    // Also where it is passed on: `[0].map(rank)`.
    if (runtimeName(e, place) === "rank") return true;
    switch (e.type) {
      case "Identifier": {
        const binding = place.scope.getBinding(e.name);
        if (!binding) return false;
        if (this.#dealt.has(binding)) return true;
        // What an instance does with it is not followed.
        if (binding.path.node.type === "ClassDeclaration") return this.#namesRank(binding.path.node, { module: place.module, scope: binding.scope });
        const fn = functionOf(binding);
        return fn ? this.#returns(fn, { module: place.module, scope: binding.scope }) : this.#bindings.has(binding);
      }
      case "MemberExpression": {
        const name = !e.computed && e.property.type === "Identifier" ? e.property.name : null;
        if (name === "step" && this.#isBatch(e.object, place)) return false;
        if ((name === "steps" || name === "rows") && this.#deals(e.object, place)) return false;
        break;
      }
      case "CallExpression": {
        if (runtimeName(e.callee, place) === "rank") return true;
        const collective = collectiveOf(e.callee, place);
        if (collective) return !givesAlike(collective) && !(this.#onRoot && givesRoot(collective));
        // But for what is said of them where they are named, they are each rank's own.
        if (this.#isDealing(e, place)) return true;
        const helper = helperOf(e.callee, place, this.#modules);
        if (helper ? this.#returns(helper.node, helper) || (helper.node.async && this.#throwing.has(helper.node)) : this.is(e.callee, place)) return true;
        const varying = e.arguments.filter((argument) => this.is(argument, place));
        return varying.length > 0 && (!helper || this.#returnsOfVarying(helper.node, helper, varying.every((argument) => this.#isBatch(argument, place))));
      }
      case "FunctionExpression":
      case "ArrowFunctionExpression":
      case "ObjectMethod":
        return this.#returns(e, outer) || this.#throwing.has(e);
    }
    return evaluatedNodes(e).some((child) => this.is(child, place));
  }

  /** `t.batches({ rows })`, or a variable that holds them: all ranks have as many, but not the same rows in them. */
  #deals(node: t.Node, outer: Place): boolean {
    let e = bare(node);
    if (e.type === "AwaitExpression") e = bare(e.argument);
    const place = within(e, outer);
    if (e.type !== "Identifier") return this.#isDealing(e, place);
    const binding = place.scope.getBinding(e.name);
    return binding !== undefined && this.#dealt.has(binding) && !this.#bindings.has(binding);
  }

  #isDealing(e: t.Node, place: Place): boolean {
    if (e.type !== "CallExpression" && e.type !== "OptionalCallExpression") return false;
    const { callee } = e;
    if (callee.type !== "MemberExpression" && callee.type !== "OptionalMemberExpression") return false;
    return callee.property.type === "Identifier" && callee.property.name === "batches" && this.#isTable(callee.object, place);
  }

  /** What decides how often ranks go round a loop over these elements. */
  variesInLength(node: t.Node, place: Place): boolean {
    return !this.#deals(node, place) && this.is(node, place);
  }

  #namesRank(node: t.Node, outer: Place): boolean {
    const place = within(node, outer);
    return runtimeName(node, place) === "rank" || childNodes(node).some((child) => !isTypeOnly(child) && this.#namesRank(child, place));
  }

  /** Whether what `fn` returns may differ when its arguments do not. */
  #returns(fn: t.Function, outer: Place): boolean {
    if (!this.#analysed.has(fn)) this.analyse(fn, outer);
    return this.#returning.has(fn);
  }

  /** Whether what `fn` returns may differ when its arguments do: not what a collective gives, `allreduce(mine)`, nor the step of a batch. */
  #returnsOfVarying(fn: t.Function, outer: Place, ofBatches: boolean): boolean {
    const found = this.#returningOfVarying[ofBatches ? 1 : 0];
    const known = found.get(fn);
    if (known !== undefined) return known;
    if (this.#asked.includes(fn)) return true;
    const given = new Varying(this.#modules, this.#isTable, { onRoot: this.#onRoot, asked: [...this.#asked, fn] });
    for (const parameter of fn.params) {
      if (ofBatches) given.#markBatch(parameter, within(fn, outer));
      else given.#mark(parameter, within(fn, outer));
    }
    const answer = given.#returns(fn, outer);
    found.set(fn, answer);
    return answer;
  }

  #visit(node: t.Node, around: Around): void {
    if (isTypeOnly(node)) return;
    const place = within(node, around.place);
    const here: Around = { ...around, place, controlled: around.controlled || around.caught?.some === true, partly: around.partly || around.returned.some };
    let inner = here;
    this.#writes(node, here);
    switch (node.type) {
      case "IfStatement":
      case "ConditionalExpression":
      case "WhileStatement":
      case "DoWhileStatement":
      case "ForStatement":
        inner = this.#under(inner, node.test);
        break;
      case "ForOfStatement":
      case "ForInStatement":
        if (this.#deals(node.right, place)) {
          this.#markBatch(node.left, place);
          break;
        }
        if (this.is(node.right, place)) this.#mark(node.left, place);
        inner = this.#under(inner, node.right);
        break;
      case "SwitchStatement":
        inner = this.#under(inner, node.discriminant, ...node.cases.map(({ test }) => test));
        break;
      case "LogicalExpression":
        inner = this.#under(inner, node.left);
        break;
      case "BreakStatement":
      case "ContinueStatement": {
        if (!here.controlled) break;
        const name = node.label?.name;
        const isLeft = (target: t.Node): boolean => (name !== undefined ? target.type === "LabeledStatement" && target.label.name === name : LOOP.test(target.type) || (node.type === "BreakStatement" && target.type === "SwitchStatement"));
        for (const target of around.left.slice(around.left.findLastIndex(isLeft))) this.#diverging.add(target);
        break;
      }
      case "ThrowStatement":
        if (here.controlled || here.partly || this.is(node.argument, place)) this.#throws(here);
        break;
      case "TryStatement":
        return this.#try(node, here);
      case "CatchClause":
        if (here.controlled && node.param) this.#mark(node.param, place);
        break;
      case "ReturnStatement":
      case "YieldExpression":
        if (here.controlled || (node.argument && this.is(node.argument, place))) this.#returning.add(around.fn);
        if (here.controlled && node.type === "ReturnStatement") {
          for (const loop of around.left) this.#partly.add(loop);
          around.returned.some = true;
        }
        break;
      case "CallExpression":
        inner = this.#call(node, here);
        break;
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
      case "ObjectMethod":
        if (node.body.type !== "BlockStatement" && this.is(node.body, place)) this.#returning.add(node);
        this.#analysed.add(node);
        inner = { ...inner, fn: node, left: [], caught: null, returned: { some: false } };
        break;
    }
    if (this.#diverging.has(node)) inner = { ...inner, controlled: true };
    if (this.#partly.has(node)) inner = { ...inner, partly: true };
    if (LOOP.test(node.type) || node.type === "SwitchStatement" || node.type === "LabeledStatement") inner = { ...inner, left: [...inner.left, node] };
    for (const child of childNodes(node)) this.#visit(child, inner);
    if (!this.#mayFail(node, here)) return;
    this.#failing.add(node);
    this.#throws(here);
  }

  #try({ block, handler, finalizer }: t.TryStatement, around: Around): void {
    const caught = { around: around.left.length, some: false };
    this.#visit(block, handler || (finalizer && swallows(finalizer)) ? { ...around, caught } : around);
    for (const rest of [handler, finalizer]) if (rest) this.#visit(rest, { ...around, controlled: around.controlled || caught.some });
  }

  /** Some ranks throw here, and others not. */
  #throws({ caught, left, fn }: Around): void {
    if (!caught) return void this.#throwing.add(fn);
    caught.some = true;
    for (const loop of left.slice(caught.around)) this.#diverging.add(loop);
  }

  /** Whether the node itself may throw on some ranks and not on others: a call of what is given something varying, or that not all of them make. */
  #mayFail(node: t.Node, { place, controlled, partly }: Around): boolean {
    if (node.type === "AwaitExpression") return bare(node.argument).type !== "CallExpression" && this.is(node.argument, place);
    if (!isCall(node)) return false;
    const [callee, args] = [calleeOf(node), argumentsOf(node)];
    const functionIn = (value: t.Node): t.Node => helperOf(value, place, this.#modules)?.node ?? bare(value);
    if ([callee, ...args].some((value) => this.#throwing.has(functionIn(value) as t.Function))) return true;
    const isOfTable = callee.type === "MemberExpression" && this.#isTable(callee.object, place);
    if (isOfTable || helperOf(callee, place, this.#modules) || cannotThrow(node, place)) return false;
    return controlled || partly || this.is(callee, place) || args.some((argument) => this.is(argument, place));
  }

  /** The expressions in `node`, but in its functions, that may throw on some ranks and not on others. */
  failing(node: t.Node): t.Node[] {
    if (isTypeOnly(node) || /Function|Method/.test(node.type)) return [];
    return [...childNodes(node).flatMap((child) => this.failing(child)), ...(this.#failing.has(node) ? [node] : [])];
  }

  #under(around: Around, ...tests: readonly (t.Node | null | undefined)[]): Around {
    return around.controlled || !tests.some((test) => test && this.is(test, around.place)) ? around : { ...around, controlled: true };
  }

  #writes(node: t.Node, { place, controlled, partly, fn }: Around): void {
    const isOfCall = isCall(node);
    const isOwn = (target: t.Node): boolean => !isOfCall && targetsOf(target).every((part) => part.type === "Identifier" && place.scope.getBinding(part.name)?.scope.getFunctionParent()?.block === fn);
    for (const [target, value] of assignedIn(node)) {
      if (node.type === "VariableDeclarator" && !controlled) {
        if (target.type === "Identifier" && this.#handed(target, value!, place, place)) continue;
        if (target.type === "ObjectPattern" && this.#isBatch(value!, place)) {
          this.#markBatch(target, place);
          continue;
        }
      }
      if (!(controlled || (partly && !isOwn(target)) || (value && this.is(value, place)))) continue;
      if (isOfCall) this.#markObject(target, place);
      else this.#mark(target, place);
    }
  }

  /** The function a call names gets its arguments; callbacks of a varying call run as often as ranks please. */
  #call(node: t.CallExpression, around: Around): Around {
    const helper = helperOf(node.callee, around.place, this.#modules);
    if (helper) {
      const before = this.#found;
      if (around.controlled) this.#diverging.add(helper.node);
      else if (around.partly) this.#partly.add(helper.node);
      const inside = within(helper.node, helper);
      this.given(helper.node, node.arguments, inside, around.place);
      // Another call may give it more that varies.
      if (!this.#analysed.has(helper.node) || before !== this.#found) this.analyse(helper.node, helper);
      // What it writes to its arguments.
      helper.node.params.forEach((parameter, n) => {
        const binding = parameter.type === "Identifier" ? inside.scope.getBinding(parameter.name) : undefined;
        const argument = node.arguments[n];
        if (binding && argument && this.#written.has(binding)) this.#markObject(argument, around.place);
      });
      return around;
    }
    const callbacks = node.arguments.filter((argument) => /Function/.test(argument.type)) as t.Function[];
    if (callbacks.length === 0 || !this.is(node.callee, around.place)) return around;
    for (const callback of callbacks) for (const parameter of callback.params) this.#mark(parameter, within(callback, around.place));
    return { ...around, controlled: true };
  }

  /** A variable that is given a batch, or those that take one apart. */
  #markBatch(target: t.Node, place: Place): void {
    const pattern = target.type === "VariableDeclaration" ? target.declarations[0]!.id : target;
    if (pattern.type === "ObjectPattern") {
      const isStep = (p: t.Node): boolean => p.type === "ObjectProperty" && !p.computed && p.key.type === "Identifier" && p.key.name === "step";
      for (const property of pattern.properties) if (!isStep(property)) this.#mark(property.type === "ObjectProperty" ? property.value : property.argument, place);
      return;
    }
    this.#mark(pattern, place);
    const binding = pattern.type === "Identifier" ? place.scope.getBinding(pattern.name) : undefined;
    if (binding) this.#batches.add(binding);
  }

  /** All variables of a pattern, or the one whose member is written. */
  #mark(target: t.Node, place: Place): void {
    const patterns = target.type === "VariableDeclaration" ? target.declarations.map(({ id }) => id) : [target];
    for (const written of patterns.flatMap(targetsOf)) {
      if (written.type !== "Identifier") this.#markObject(written, place);
      const binding = written.type === "Identifier" ? place.scope.getBinding(written.name) : undefined;
      if (binding) this.#bindings.add(binding);
    }
  }

  /** The variable that an object is got from, `a` of `a.get(k).v`, and what that one is another name for. */
  #markObject(object: t.Node, place: Place): void {
    const root = objectRoot(object);
    const binding = root && place.scope.getBinding(root.name);
    if (!binding || this.#written.has(binding)) return;
    this.#written.add(binding);
    this.#bindings.add(binding);
    const scoped = { module: place.module, scope: binding.scope };
    const { node } = binding.path;
    const parent = binding.path.parentPath?.parent;
    const given = node.type === "VariableDeclarator" ? (assignedIn(node).find(([target]) => target === binding.identifier)?.[1] ?? node.init) : null;
    if (given) this.#markObject(given, scoped);
    else if (parent?.type === "ForOfStatement") this.#markObject(parent.right, scoped);
    // `list.forEach((x) => …)`
    const call = binding.kind === "param" ? binding.scope.path.parent : undefined;
    if (call?.type === "CallExpression" && call.callee.type === "MemberExpression") this.#markObject(call.callee.object, { module: place.module, scope: binding.scope.parent ?? binding.scope });
  }
}

const within = (node: t.Node, { module, scope }: Place): Place => ({ module, scope: module.scopeOf(node) ?? scope });

/** Secrets that would stand in what is built: written out in what the ranks get, or put in the place of a name by the bundler. */
import type * as t from "@babel/types";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { inlinedSecret } from "../diagnostics/inlined-secret.ts";
import { methods } from "../verbs/index.ts";
import { keyName, writtenOut } from "./constants.ts";
import type { ParsedFunction } from "./frames.ts";
import { bare, type BabelScope, type ModuleSource, spanOf } from "./module.ts";
import type { Modules } from "./modules.ts";
import { functionOf, helperOf, importOf, type Place, runtimeName } from "./names.ts";
import { type InlinedSecret, isSecretValue, secretIn } from "./secrets.ts";
import { mentionsTable } from "./table-types.ts";
import { evaluatedNodes, isTypeOnly } from "./walk.ts";

interface Looked {
  readonly module: ModuleSource;
  readonly modules: Modules;
  readonly functions: readonly ParsedFunction[];
  readonly inlined: readonly InlinedSecret[];
  readonly diagnostics: Diagnostic[];
}

/** All secrets of a module with annotated functions, and of the modules that it was looked into for. LS1223 */
export function checkSecrets({ module, modules, functions, inlined, diagnostics }: Looked): void {
  if (functions.length === 0) return;
  const placeOf = ({ locations: [place] }: Diagnostic): string => JSON.stringify([place?.file, place?.line, place?.column]);
  // An option that is told to be wrong because of its password is not told twice.
  const told = new Set(diagnostics.filter(({ locations: [place] }) => place?.secret).map(placeOf));
  const report = (d: Diagnostic): void => {
    if (!told.has(placeOf(d))) diagnostics.push(d);
  };
  for (const each of [module, ...modules.looked()]) checkInlined(each, inlined, report);
  checkWritten(functions, modules, report);
}

/**
 * Names of a module that the bundler replaces by secrets. It puts the whole value in the place of a name, whichever member of it is read then; but for
 * members that are defined themselves.
 */
function checkInlined(module: ModuleSource, inlined: readonly InlinedSecret[], report: (d: Diagnostic) => void): void {
  // Most modules have none of them: no walk then.
  const possible = inlined.filter(({ name }) => module.code.includes(name.slice(name.lastIndexOf(".") + 1)));
  if (possible.length === 0) return;
  /** `read`: the member of it that is. */
  const visit = (node: t.Node, around: BabelScope, read: string | null): void => {
    if (isTypeOnly(node) || (node.type === "VariableDeclaration" && node.declare)) return;
    const scope = module.scopeOf(node) ?? around;
    const called = nameOf(node, scope);
    const found = called === null ? undefined : possible.find(({ name, path, members }) => (members ? called === name && !isAmong(read, members) : called === path || called === name));
    if (!found) return evaluatedNodes(node).forEach((child) => visit(child, scope, called));
    const own = /^(?:process|import\.meta)\.env\.(\w+)$/.exec(found.path)?.[1];
    const instead = own === undefined ? "read it from process.env" : `read process.env.${own}`;
    report(inlinedSecret({
      message: `The bundler puts a secret in the place of '${called}'`,
      why: called === found.path ? found.why : `of '${found.path}' in it: ${found.why}`,
      fix: `take '${found.path}' out of what the bundler defines, and ${instead} when the program runs${found.variables === null ? "" : `; readers and writers look at ${found.variables}`}`,
    }, spanOf(node, module)));
  };
  visit(module.program, module.scope, null);
}

/** What is read is replaced by itself, or has members that are. */
const isAmong = (read: string | null, members: readonly string[]): boolean => read !== null && members.some((member) => member === read || member.startsWith(`${read}.`));

/** `process.env.X`, `import.meta.env.X`, or a name that nothing in the module binds. */
function nameOf(node: t.Node, scope: BabelScope): string | null {
  const e = bare(node);
  switch (e.type) {
    case "Identifier": {
      const binding = scope.getBinding(e.name);
      const declared = binding?.path.parent as { readonly declare?: boolean } | undefined;
      return !binding || declared?.declare === true ? e.name : null;
    }
    case "MetaProperty":
      return `${e.meta.name}.${e.property.name}`;
    case "MemberExpression":
    case "OptionalMemberExpression": {
      const object = nameOf(e.object, scope);
      const { property } = e;
      const name = !e.computed && property.type === "Identifier" ? property.name : e.computed && property.type === "StringLiteral" ? property.value : null;
      return object === null || name === null ? null : `${object}.${name}`;
    }
    default:
      return null;
  }
}

/** Texts that go to the ranks as they are written: in functions, and in the constants, functions and classes that they name, wherever these stand. */
function checkWritten(functions: readonly ParsedFunction[], modules: Modules, report: (d: Diagnostic) => void): void {
  const seen = new Set<t.Node>();
  /** Looked at when all that runs on ranks is: what a constant is computed of is not, and no module is read for that. */
  const constants: (() => void)[] = [];
  const tell = (what: string, why: string | undefined, variables: string | null, node: t.Node, of: ModuleSource): void => {
    const fix = variables === null ? "give it to the function as an argument that comes from process.env" : `leave it out: the environment has it when the job runs, in ${variables}`;
    report(inlinedSecret({ message: `${what[0]!.toUpperCase()}${what.slice(1)} is written out here`, ...(why !== undefined && { why }), fix, isWritten: true }, spanOf(node, of)));
  };
  const visit = (node: t.Node, { module, scope: around }: Place, isRun: boolean): void => {
    if (isTypeOnly(node) || seen.has(node)) return;
    seen.add(node);
    const place = { module, scope: module.scopeOf(node) ?? around };
    const text = writtenText(node);
    const found = text === null ? null : secretIn(text);
    if (found) return tell(found.what, undefined, found.variables, node, module);
    if (node.type === "Identifier") visitNamed(node.name, place, isRun);
    if (isCall(node) && isOwnFunction(node.callee, place, isRun)) node.arguments.forEach((argument) => checkGiven(argument, place));
    evaluatedNodes(node).forEach((child) => visit(child, place, isRun));
  };
  /** What an annotated function calls of other annotated ones is told where these stand. */
  const visitNamed = (name: string, { module, scope }: Place, isRun: boolean): void => {
    const imported = importOf(name, { module, scope });
    const declared = imported && modules.follow(module, imported, isRun);
    if (declared?.kind === "foreign") return;
    const binding = declared ? declared.module.scope.getBinding(declared.name) : scope.getBinding(name);
    if (!binding || !/^(?:Variable|Function|Class)Declarat/.test(binding.path.node.type)) return;
    const place = { module: declared?.module ?? module, scope: binding.scope };
    if (binding.path.node.type === "VariableDeclarator" && !functionOf(binding)) constants.push(() => visit(binding.path.node, place, false));
    else visit(binding.path.node, place, isRun);
  };
  const objects = new Set<t.Node>();
  /** What is given to a function of the program's own: its members may be called as secrets are. */
  const checkGiven = (node: t.Node, at: Place): void => {
    const { node: written, place } = writtenOut(node, at);
    const e = bare(written);
    if (objects.has(e)) return;
    objects.add(e);
    if (e.type === "ArrayExpression") e.elements.forEach((element) => element && checkGiven(element, place));
    if (e.type === "SpreadElement") checkGiven(e.argument, place);
    if (e.type !== "ObjectExpression") return;
    for (const member of e.properties) {
      if (member.type === "SpreadElement") checkGiven(member, place);
      if (member.type !== "ObjectProperty" || member.computed) continue;
      const [name, value] = [keyName(member.key), writtenText(member.value)];
      if (value === null) checkGiven(member.value, place);
      else if (name !== null && isSecretValue(name, value) && !value.includes(HOLE) && !secretIn(value)) tell("a secret", `the name '${name}' says so`, null, member.value, place.module);
    }
  };
  /** Not a verb or a reader, and no function of tables: in their objects are names of columns. */
  const isOwnFunction = (callee: t.Node, place: Place, isRun: boolean): boolean => {
    const e = bare(callee);
    if (runtimeName(e, place) !== null || (/MemberExpression$/.test(e.type) && methods.has(keyName((e as t.MemberExpression).property) ?? ""))) return false;
    const helper = isRun ? helperOf(e, place, modules) : null;
    return !helper?.node.params.some((param) => mentionsTable(param, helper));
  };
  for (const { annotated, module } of functions) visit(annotated.node, { module, scope: module.scope }, true);
  for (const look of constants) look();
}

const isCall = (node: t.Node): node is t.CallExpression | t.OptionalCallExpression | t.NewExpression => /^(?:(?:Optional)?Call|New)Expression$/.test(node.type);

/** What is computed of a text. */
const HOLE = "\0";

/** The text that a node makes, with holes where it is computed; null: it is no text that is written out. */
function writtenText(node: t.Node): string | null {
  const e = bare(node);
  if (e.type === "StringLiteral") return e.value;
  if (e.type === "TemplateLiteral") return e.quasis.map(({ value }) => value.cooked ?? "").join(HOLE);
  if (e.type !== "BinaryExpression" || e.operator !== "+") return null;
  const [left, right] = [writtenText(e.left), writtenText(e.right)];
  return left === null && right === null ? null : (left ?? HOLE) + (right ?? HOLE);
}

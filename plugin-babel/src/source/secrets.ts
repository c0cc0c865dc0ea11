/** Secrets that would stand in what is built: written out in what the ranks get, or put in the place of a name by the bundler. None is ever printed. */
import type * as t from "@babel/types";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import { inlinedSecret } from "../diagnostics/inlined-secret.ts";
import type { ParsedFunction } from "./frames.ts";
import { type BabelScope, type ModuleSource, spanOf } from "./module.ts";
import type { Modules } from "./modules.ts";
import { evaluatedNodes, isTypeOnly } from "./walk.ts";

/** A name that the bundler replaces by a secret; the secret itself is not here. */
export interface InlinedSecret {
  /** What is replaced: "process.env.API_TOKEN", "__DATABASE__". */
  readonly name: string;
  /** Where in it the secret stands, where that is an object: "__CONFIG__.api.token". */
  readonly path: string;
  /** Why it is taken for one. */
  readonly why: string;
  /** The variables that a reader or writer looks at in its place. */
  readonly variables: string | null;
}

/** What a text is that is no one else's business; null: nothing. */
interface Found {
  readonly what: string;
  readonly variables: string | null;
}

const secretNames = /pass(?:word|wd|phrase)|(?:^|[^a-z])pwd|secret|token|credential|(?:api|access|account|private|signing|encryption|auth)_?key/i;
/** What names like these hold besides: a number, a switch, nothing. */
const isPlain = (value: string): boolean => /^(?:\d{0,9}|true|false|null|undefined)$/.test(value);

const variablesOf: Readonly<Record<string, string>> = {
  s3: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE,",
  gs: "GOOGLE_APPLICATION_CREDENTIALS",
  az: "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or a service principal's,",
  postgres: "PGPASSWORD or DATABASE_URL",
  grpc: "LOCKSTEP_FLIGHT_TOKEN, or LOCKSTEP_FLIGHT_USER and LOCKSTEP_FLIGHT_PASSWORD,",
  snowflake: "SNOWFLAKE_PASSWORD or SNOWFLAKE_PRIVATE_KEY_PATH",
};
const schemes: Readonly<Record<string, string>> = { s3a: "s3", postgresql: "postgres", "grpc+tls": "grpc", "grpc+tcp": "grpc" };

/** By what a text looks like. */
export function secretIn(text: string): Found | null {
  // Long texts of other things (queries, base64) are not searched for what cannot be in them.
  const url = text.includes("://") ? secretUrl(text) : null;
  if (url) return url;
  if (/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/.test(text)) return { what: "a private key", variables: null };
  const [, key = ""] = /(?:^|[\s;])(password|pwd|accountkey|sharedaccesskey)=[^\s;\0]{3,}/i.exec(text) ?? [];
  // `host=… password=…`, `Server=…;Password=…`, `AccountName=…;AccountKey=…`
  if (key !== "" && /(?:^|[\s;])(?:host|hostaddr|server|data source|database|dbname|accountname|endpoint|uid|user|user id)=/i.test(text)) return { what: "a connection string with a password", variables: /^accountkey$/i.test(key) ? variablesOf.az! : null };
  return null;
}

function secretUrl(text: string): Found | null {
  const [, scheme = "", password = ""] = /([a-z][a-z0-9+.-]{0,20}):\/\/[^\s/?#@:]*:([^\s?#@\0]+)@/i.exec(text) ?? [];
  const named = schemes[scheme.toLowerCase()] ?? scheme.toLowerCase();
  // A path may have an @, and a port stands before it; keys of stores have slashes.
  const isPassword = password !== "" && (["s3", "gs", "az"].includes(named) || !password.includes("/")) && !/^(?:\*+|…+|\.+|<.*>|\{.*\})$/.test(password);
  if (isPassword) return { what: "a URL with a password", variables: variablesOf[named] ?? null };
  const signed = /[?&](?:x-amz-|x-goog-)?(?:signature|sig|password|(?:access_|security-)?token)=[^&\s\0]{3,}/i.test(text);
  const [, first = ""] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? [];
  return signed ? { what: "a URL with a signature or a token", variables: variablesOf[schemes[first.toLowerCase()] ?? first.toLowerCase()] ?? null } : null;
}

/**
 * What of a bundler's `define` is a secret: by its name, by what it looks like, or because a variable of the environment with such a name has the same value.
 * `defined`: names, and JavaScript's text of their values, as bundlers take them.
 */
export function secretsAmong(defined: Readonly<Record<string, string>>, env: Readonly<Record<string, string | undefined>>): InlinedSecret[] {
  const variables = new Map(Object.entries(env).filter(([name, value]) => secretNames.test(name) && value !== undefined && value.length >= 8).map(([name, value]) => [value!, name]));
  return Object.entries(defined).flatMap(([name, text]) =>
    leavesOf(valueOf(text), name).flatMap(([path, value]): InlinedSecret[] => {
      const found = secretIn(value);
      const variable = variables.get(value);
      const why = found ? `its value is ${found.what}` : variable !== undefined ? `its value is that of ${variable} in the environment of this build` : secretNames.test(path.slice(path.lastIndexOf(".") + 1)) && !isPlain(value) ? "its name says so" : null;
      return why === null ? [] : [{ name, path, why, variables: found?.variables ?? variable ?? null }];
    }),
  );
}

/** Undefined: it is computed. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // 'word' and `word` are no JSON.
    return /^(['`])(?:(?!\1)[^\\$])*\1$/s.test(text) ? text.slice(1, -1) : undefined;
  }
}

function leavesOf(value: unknown, path: string): (readonly [path: string, value: string])[] {
  if (typeof value === "string") return [[path, value]];
  return typeof value === "object" && value !== null ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, `${path}.${key}`)) : [];
}

/** Names of a module that the bundler replaces by secrets. LS1223 */
export function checkInlined(module: ModuleSource, inlined: readonly InlinedSecret[], report: (d: Diagnostic) => void): void {
  // Most modules have none of them: no walk then.
  const possible = inlined.filter(({ name }) => module.code.includes(name.slice(name.lastIndexOf(".") + 1)));
  if (possible.length === 0) return;
  const visit = (node: t.Node, around: BabelScope): void => {
    if (isTypeOnly(node)) return;
    const scope = module.scopeOf(node) ?? around;
    const called = nameOf(node, scope);
    const found = called === null ? undefined : possible.find(({ name, path }) => called === path || ((called === name || called.startsWith(`${name}.`)) && path.startsWith(`${called}.`)));
    if (!found) return evaluatedNodes(node).forEach((child) => visit(child, scope));
    const own = /^(?:process|import\.meta)\.env\.(\w+)$/.exec(found.path)?.[1];
    const read = own === undefined ? "read it from process.env" : `read process.env.${own}`;
    report(inlinedSecret({
      message: `The bundler puts a secret in the place of '${called}'`,
      label: "would stand in the built files",
      why: found.why,
      fix: `take '${found.name}' out of what the bundler defines, and ${read} when the program runs${found.variables === null ? "" : `; readers and writers look at ${found.variables} themselves`}`.replace(/, themselves$/, " themselves"),
    }, spanOf(node, module)));
  };
  visit(module.program, module.scope);
}

/** `process.env.X`, `import.meta.env.X`, or a name that nothing in the module binds. */
function nameOf(node: t.Node, scope: BabelScope): string | null {
  switch (node.type) {
    case "Identifier": {
      const binding = scope.getBinding(node.name);
      const declared = binding?.path.parent as { readonly declare?: boolean } | undefined;
      return !binding || declared?.declare === true ? node.name : null;
    }
    case "MetaProperty":
      return `${node.meta.name}.${node.property.name}`;
    case "MemberExpression":
    case "OptionalMemberExpression": {
      const object = nameOf(node.object, scope);
      const { property } = node;
      const name = !node.computed && property.type === "Identifier" ? property.name : node.computed && property.type === "StringLiteral" ? property.value : null;
      return object === null || name === null ? null : `${object}.${name}`;
    }
    default:
      return null;
  }
}

/** Texts that go to the ranks as they are written: in a function, and in the constants, functions and classes that it names, wherever these stand. LS1223 */
export function checkWritten({ annotated, module }: ParsedFunction, modules: Modules, report: (d: Diagnostic) => void): void {
  const seen = new Set<t.Node>();
  const visit = (node: t.Node, of: ModuleSource, around: BabelScope): void => {
    if (isTypeOnly(node) || seen.has(node)) return;
    seen.add(node);
    const scope = of.scopeOf(node) ?? around;
    const text = writtenText(node);
    const found = text === null ? null : secretIn(text);
    if (found) {
      const fix = found.variables === null ? "give it to the function as an argument that comes from process.env" : `leave it out: ${found.variables} of the environment have it when the job runs`;
      return report(inlinedSecret({ message: `${found.what[0]!.toUpperCase()}${found.what.slice(1)} is written out here`, label: "would stand in the built files", fix }, spanOf(node, of)));
    }
    if (node.type === "Identifier") {
      const imported = scope.getBinding(node.name)?.kind === "module" ? of.imports.get(node.name) : undefined;
      const declared = imported ? modules.follow(of, imported) : { kind: "declared" as const, module: of, name: node.name };
      const binding = declared.kind === "foreign" ? undefined : imported ? declared.module.scope.getBinding(declared.name) : scope.getBinding(node.name);
      // What an annotated function calls of other annotated ones is told where these stand.
      if (declared.kind === "declared" && binding && /^(?:Variable|Function|Class)Declarat/.test(binding.path.node.type)) visit(binding.path.node, declared.module, binding.scope);
    }
    evaluatedNodes(node).forEach((child) => visit(child, of, scope));
  };
  visit(annotated.node, module, module.scope);
}

/** What is computed of a text. */
const HOLE = "\0";

/** The text that a node makes, with holes where it is computed; null: it is no text that is written out. */
function writtenText(node: t.Node): string | null {
  if (node.type === "StringLiteral") return node.value;
  if (node.type === "TemplateLiteral") return node.quasis.map(({ value }) => value.cooked ?? "").join(HOLE);
  if (node.type !== "BinaryExpression" || node.operator !== "+") return null;
  const [left, right] = [writtenText(node.left), writtenText(node.right)];
  return left === null && right === null ? null : (left ?? HOLE) + (right ?? HOLE);
}

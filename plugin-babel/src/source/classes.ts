/** Classes whose source is known: what is an instance of one, and its members. */
import type { NodePath } from "@babel/traverse";
import type * as t from "@babel/types";
import { bare, type Binding } from "./module.ts";

export interface KnownClass {
  readonly path: NodePath;
  /** The class itself is meant, not an instance. */
  readonly isStatic: boolean;
}

/** The class that an expression at `path` names, or of which it is an instance. */
export function classOf(node: t.Node, path: NodePath, depth = 0): KnownClass | null {
  const e = bare(node);
  switch (depth > 20 ? "" : e.type) {
    case "Identifier": {
      const binding = path.scope.getBinding((e as t.Identifier).name);
      return binding ? classOfBinding(binding, depth + 1) : null;
    }
    case "ThisExpression":
      return classAround(path);
    case "Super": {
      const own = classAround(path);
      return own && superOf(own);
    }
    case "NewExpression":
      return instanceOf(classOf((e as t.NewExpression).callee, path, depth + 1));
    default:
      return null;
  }
}

export function classOfBinding({ path, identifier, constant }: Binding, depth = 0): KnownClass | null {
  const { node } = path;
  if (node.type === "ClassDeclaration") return { path, isStatic: true };
  const declared = identifier.typeAnnotation?.type === "TSTypeAnnotation" ? identifier.typeAnnotation.typeAnnotation : null;
  if (declared) return declared.type === "TSTypeReference" ? instanceOf(classOf(declared.typeName, path, depth)) : null;
  if (node.type !== "VariableDeclarator" || node.id !== identifier || !constant || !node.init) return null;
  return node.init.type === "ClassExpression" ? { path: path.get("init") as NodePath, isStatic: true } : classOf(node.init, path, depth);
}

const instanceOf = (named: KnownClass | null): KnownClass | null => (named?.isStatic ? { path: named.path, isStatic: false } : null);

/** What `this` is. */
function classAround(path: NodePath): KnownClass | null {
  const owner = path.findParent(({ node: { type } }) => /^(FunctionDeclaration|FunctionExpression|ObjectMethod|Class.*(Method|Property)|StaticBlock)$/.test(type));
  const known = owner?.parent.type === "ClassBody" ? owner.parentPath!.parentPath : null;
  return known && { path: known, isStatic: owner!.node.type === "StaticBlock" || Boolean((owner!.node as t.ClassMethod).static) };
}

function superOf({ path, isStatic }: KnownClass): KnownClass | null {
  const { superClass } = path.node as t.Class;
  const named = superClass ? classOf(superClass, path.parentPath!) : null;
  return named?.isStatic ? { path: named.path, isStatic } : null;
}

/** A private member of what is an error, which only the object itself has: no copy on another rank. */
export function privateOfError({ path }: KnownClass, depth = 0): t.Node | null {
  const node = path.node as t.Class;
  const own = node.body.body.find((member) => /^ClassPrivate/.test(member.type) && !(member as t.ClassPrivateProperty).static);
  if (own && isErrorClass({ path, isStatic: true })) return own;
  const above = depth > 20 ? null : superOf({ path, isStatic: true });
  return above && privateOfError(above, depth + 1);
}

function isErrorClass({ path }: KnownClass, depth = 0): boolean {
  const above = depth > 20 ? null : superOf({ path, isStatic: true });
  const { superClass } = path.node as t.Class;
  // What an imported class extends is not looked at: it is one by its name.
  return above ? isErrorClass(above, depth + 1) : superClass?.type === "Identifier" && /Error$/.test(superClass.name);
}

/** The function that runs where a member is called, or read; also one that is inherited. */
export function memberFunction(of: KnownClass, name: string, by: "method" | "get", depth = 0): NodePath | null {
  const members = of.path.get("body.body") as NodePath[];
  for (const path of members) {
    const node = path.node as t.ClassMethod | t.ClassProperty | t.ClassPrivateMethod;
    if (!("key" in node) || Boolean(node.static) !== of.isStatic || node.computed || memberKey(node.key) !== name) continue;
    if ("kind" in node && node.kind === by) return path;
    const value = by === "method" && "value" in node && node.value ? (path.get("value") as NodePath) : null;
    if (value?.isFunction()) return value;
  }
  const inherited = depth > 20 ? null : superOf(of);
  return inherited && memberFunction(inherited, name, by, depth + 1);
}

/** Methods, accessors and functions in fields of a class itself. */
export function staticFunctions(path: NodePath): NodePath[] {
  return (path.get("body.body") as NodePath[]).flatMap((member) => {
    if (!("static" in member.node) || !member.node.static) return [];
    const fn = member.isFunction() ? member : (member.get("value") as NodePath);
    return fn.isFunction() ? [fn] : [];
  });
}

/** A private one begins with `#`. */
const memberKey = (key: t.Node): string => (key.type === "PrivateName" ? `#${key.id.name}` : key.type === "StringLiteral" ? key.value : key.type === "Identifier" ? key.name : "");

/** Where a function, and the arrow functions in it, name the object that it is called of. */
export function selvesIn(fn: NodePath): NodePath[] {
  const found: NodePath[] = [];
  fn.traverse({
    "ThisExpression|Super": (path: NodePath) => void found.push(path),
    "FunctionDeclaration|FunctionExpression|ObjectMethod|Class": (path: NodePath) => path.skip(),
  });
  return found;
}

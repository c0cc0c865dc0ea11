/** Free names: what the caller's scope says of them, as values. */
import type * as t from "@babel/types";
import { aggregateInRowFunction } from "../../diagnostics/aggregate-in-row-function.ts";
import { capturedWritten } from "../../diagnostics/captured-written.ts";
import { shadowedCapture } from "../../diagnostics/shadowed-capture.ts";
import { needsAnnotation } from "../../diagnostics/needs-annotation.ts";
import { tableInRowFunction } from "../../diagnostics/table-in-row-function.ts";
import { unknownName } from "../../diagnostics/unknown-name.ts";
import { pathText } from "../../ir/captured.ts";
import type { SourceSpan } from "../../ir/types.ts";
import { methodOf } from "../../source/methods.ts";
import type { Binding, ConstantValue } from "../row-function.ts";
import { capturedAs, narrow, literal, scalar, unknown, type Value } from "./value.ts";
import type { Frame } from "./frame.ts";
import { globalValue, isFacade } from "./globals.ts";

export function readIdentifier(node: t.Identifier, frame: Frame): Value {
  const variable = frame.names.get(node.name);
  if (variable) return narrow(frame.flow.current.get(variable) ?? unknown, frame.flow.facts);
  if (node.name === "undefined") return { kind: "nothing", value: undefined, span: frame.span(node) };
  return fromBinding(frame.scope.resolve(node.name, node), node.name, node, frame);
}

export function fromBinding(binding: Binding, name: string, node: t.Node, frame: Frame): Value {
  const span = frame.span(node);
  const { state } = frame;
  switch (binding.kind) {
    case "scalar": {
      const member = binding.path.members.at(-1)?.name;
      if (binding.type === null && member !== undefined && isListMethod(member)) {
        state.needsScript(`'${name.slice(0, name.lastIndexOf("."))}' is a list known only at run time; a semijoin with table({ … }) of it does the same natively`);
        return { kind: "any", of: "any[]" };
      }
      if (binding.type === null) {
        const fix = member !== undefined
          ? `take it into a const of its type before the verb, as in const value: number = ${name}; a function is declared by itself`
          : binding.as === "function"
            ? `declare it as a function of its own, function ${name}(…) { … }, which the compiler can read`
            : binding.as === "object"
              ? `take what is read of it into a const of its type before the verb, as in const value: number = ${name}…`
              : binding.as === "parameter"
                ? `annotate the parameter it comes from with its type, as in ${name}: number`
                : `annotate it with its type where it is declared, as in const ${name}: number = …`;
        state.report(needsAnnotation(`'${name}'`, span, "types are read from the source alone, without a TypeScript program", fix));
        return unknown;
      }
      const type = binding.missing ? { ...binding.type, nullable: true } : binding.type;
      const captured = scalar({ kind: "captured", path: binding.path, form: "value", type, span }, { null: binding.type.nullable, place: `captured ${pathText(binding.path)}`, ...(binding.argument && !binding.missing && !binding.type.nullable ? { required: true } : {}) });
      return narrow(captured, frame.flow.facts);
    }
    case "constant": {
      const value = fromConstant(binding.value, span);
      if (value.kind !== "record") return value;
      const declared = (member: string, at: t.Node) => {
        const absent = binding.declared?.(member);
        return absent ? fromBinding(absent, `${name}.${member}`, at, frame) : null;
      };
      return { ...value, member: (member, at) => value.member(member, at) ?? declared(member, at) };
    }
    case "list":
      return { kind: "values", item: binding.item, path: binding.path, ...(binding.missing ? { missing: capturedAs("missing", { path: binding.path, span }, "boolean") } : {}) };
    case "record": {
      const missing = binding.missing ? { missing: capturedAs("missing", { path: binding.missing, span }, "boolean") } : {};
      return { kind: "record", names: null, ...missing, member: (member, at) => fromBinding(binding.member(member), `${name}.${member}`, at, frame) };
    }
    case "function":
      return { kind: "helper", node: binding.node, name: binding.name, scope: binding.scope, closure: null };
    case "import":
      if (isFacade(binding.module) && binding.name === "op") return { kind: "namespace", name: "op" };
      if (isFacade(binding.module) && binding.name === "*") {
        return { kind: "record", names: null, member: (member, at) => fromBinding({ ...binding, name: member }, `${name}.${member}`, at, frame) };
      }
      if (isFacade(binding.module) && binding.name === "bin") {
        state.report(aggregateInRowFunction("bin", "bin", null, span, null));
        return unknown;
      }
      // Ranks disagree about it, which is said of the verb.
      if (isFacade(binding.module) && binding.name === "rank") return unknown;
      state.needsScript(`'${name}' comes from ${binding.module}, which only V8 can run`);
      return unknown;
    case "table":
      state.report(tableInRowFunction(name, span));
      return unknown;
    case "shadowed":
      state.report(shadowedCapture(name, span, binding.declared));
      return unknown;
    case "opaque":
      state.needsScript(`'${name}' is an object that only V8 can read`);
      return binding.of ? { kind: "any", of: binding.of } : unknown;
    case "mutated":
      // A write inside this very function is reported where it stands.
      if (!isInside(binding.write, frame)) state.report(capturedWritten(name, binding.write, binding.declared));
      return unknown;
    case "global": {
      const value = globalValue(name, span, frame);
      if (value) return value;
      return unresolved(name, [], span, frame);
    }
    case "unknown":
      return unresolved(name, binding.inScope ?? [], span, frame);
  }
}

/** `zones.includes`: asked of a captured object, it tells an array or Set. */
function isListMethod(name: string): boolean {
  const method = methodOf(name);
  return method?.ofList === true && !method.mutates;
}

function unresolved(name: string, inScope: readonly string[], span: SourceSpan, frame: Frame): Value {
  const rows = [...frame.names].find(([, variable]) => frame.flow.current.get(variable)?.kind === "row");
  const columns = (frame.state.environment.params[0] ?? []).map((column) => column.name);
  frame.state.report(unknownName(name, span, [...frame.names.keys(), ...inScope], columns, rows?.[0] ?? null));
  return unknown;
}

function isInside(span: SourceSpan, frame: Frame): boolean {
  const { environment, root, inlining } = frame.state;
  const functions = [{ file: environment.file, node: root }, ...inlining];
  return functions.some(({ file, node }) => file === span.file && node.loc!.start.line <= span.line && span.line <= node.loc!.end.line);
}

export function fromConstant(value: ConstantValue, span: SourceSpan): Value {
  switch (typeof value) {
    case "undefined":
      return { kind: "nothing", value: undefined, span };
    case "number":
    case "string":
    case "boolean":
    case "bigint":
      return scalar(literal(value, typeof value as "number", span));
  }
  if (value === null) return { kind: "nothing", value: null, span };
  if (value instanceof Set) return { kind: "list", items: [...value].map((item) => fromConstant(item, span)), set: true };
  if (isArray(value)) return { kind: "list", items: value.map((item) => fromConstant(item, span)), set: false };
  const members = value as { readonly [member: string]: ConstantValue };
  return { kind: "record", names: Object.keys(members), member: (name) => (Object.hasOwn(members, name) ? fromConstant(members[name], span) : null) };
}

const isArray = (value: unknown): value is readonly ConstantValue[] => Array.isArray(value);

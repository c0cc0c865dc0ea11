/** Descriptors: what a verb does, as a constant of the rank module; a function where captured values go in. */
import { parseExpression } from "@babel/parser";
import {
  arrayExpression, arrowFunctionExpression, booleanLiteral, callExpression, type Expression, identifier, isValidIdentifier, nullLiteral, numericLiteral,
  objectExpression, objectPattern, objectProperty, type Statement, stringLiteral, unaryExpression, variableDeclaration, variableDeclarator,
} from "@babel/types";
import { Code, type Data } from "../ir/data.ts";
import type { Names } from "./names.ts";

/** A use of a descriptor: its name, and the captured values to call it with (none: it is a constant). */
export interface DescriptorUse {
  readonly name: string;
  readonly captures: Readonly<Record<string, string>>;
}

export class Descriptors {
  readonly statements: Statement[] = [];
  readonly #names: Names;
  readonly #runtime: string;

  constructor(names: Names, runtime: string) {
    this.#names = names;
    this.#runtime = runtime;
  }

  add(wanted: string, data: Data): DescriptorUse {
    const captures: Record<string, string> = {};
    const value = this.#toAst(data, captures);
    const name = this.#names.fresh(wanted);
    const parameters = Object.keys(captures);
    const init =
      parameters.length === 0
        ? value
        : arrowFunctionExpression([objectPattern(parameters.map((p) => objectProperty(identifier(p), identifier(p), false, true)))], value);
    this.statements.push(variableDeclaration("const", [variableDeclarator(identifier(name), init)]));
    return { name, captures };
  }

  #toAst(data: Data, captures: Record<string, string>): Expression {
    if (data === null) return nullLiteral();
    if (data instanceof Code) {
      Object.assign(captures, data.captures);
      return parseExpression(data.text.replace(/^lockstep\b/, this.#runtime)) as Expression;
    }
    if (typeof data === "string") return stringLiteral(data);
    if (typeof data === "boolean") return booleanLiteral(data);
    if (typeof data === "number") return data < 0 ? unaryExpression("-", numericLiteral(-data)) : numericLiteral(data);
    if (Array.isArray(data)) return arrayExpression(data.map((item: Data) => this.#toAst(item, captures)));
    return objectExpression(
      Object.entries(data as Record<string, Data>).map(([key, value]) =>
        objectProperty(isValidIdentifier(key, false) ? identifier(key) : stringLiteral(key), this.#toAst(value, captures))),
    );
  }
}

/** `filter_24`, or `filter_24({ threshold })`; `read` makes the JavaScript of a captured value. */
export function useOf({ name, captures }: DescriptorUse, read: (source: string) => Expression): Expression {
  const entries = Object.entries(captures);
  if (entries.length === 0) return identifier(name);
  return callExpression(identifier(name), [
    objectExpression(entries.map(([parameter, source]) => {
      const value = read(source);
      return objectProperty(identifier(parameter), value, false, value.type === "Identifier" && value.name === parameter);
    })),
  ]);
}

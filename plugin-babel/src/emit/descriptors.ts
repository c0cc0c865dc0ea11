/** Descriptors: what a verb does, as a constant of the rank module; a function where captured values go in. */
import { callExpression, type Expression, identifier, objectExpression, objectProperty } from "@babel/types";
import { Code, type Data } from "../ir/data.ts";
import type { Names } from "./names.ts";

/** A use of a descriptor: its name, and the captured values to call it with (none: it is a constant). */
export interface DescriptorUse {
  readonly name: string;
  readonly captures: Readonly<Record<string, string>>;
}

const WIDTH = 150;

export class Descriptors {
  /** `const derive_21 = { … };` each. */
  readonly statements: string[] = [];
  readonly #names: Names;
  readonly #runtime: string;
  /** One-line forms: each is asked for again at every level above it. */
  readonly #lines = new WeakMap<object, string>();

  constructor(names: Names, runtime: string) {
    this.#names = names;
    this.#runtime = runtime;
  }

  /** `notes` say in short what the data says at length. */
  add(wanted: string, data: Data, notes: readonly string[] = []): DescriptorUse {
    const captures = capturesOf(data);
    const name = this.#names.fresh(wanted);
    const parameters = Object.keys(captures);
    const head = `const ${name} = ${parameters.length === 0 ? "" : `({ ${parameters.join(", ")} }) => (`}`;
    for (const note of notes) this.statements.push(`// ${note.length > WIDTH ? `${note.slice(0, WIDTH - 1)}…` : note}`);
    this.statements.push(`${head}${this.#print(data, "", head.length)}${parameters.length === 0 ? ";" : ");"}`);
    return { name, captures };
  }

  /** On one line where it fits, else one entry a line. */
  #print(data: Data, indent: string, before: number): string {
    const line = this.#line(data);
    if (indent.length + before + line.length <= WIDTH || typeof data !== "object" || data === null || data instanceof Code) return line;
    const inner = `${indent}  `;
    if (Array.isArray(data)) return `[\n${data.map((item: Data) => `${inner}${this.#print(item, inner, 1)},\n`).join("")}${indent}]`;
    const entries = Object.entries(data as Record<string, Data>);
    return `{\n${entries.map(([key, value]) => `${inner}${keyText(key)}: ${this.#print(value, inner, key.length + 3)},\n`).join("")}${indent}}`;
  }

  #line(data: Data): string {
    if (data instanceof Code) return data.text.replace(/^((?:\.\.\.)?)lockstep\b/, `$1${this.#runtime}`);
    if (typeof data !== "object" || data === null) return JSON.stringify(data);
    const line = this.#lines.get(data) ?? this.#compound(data);
    this.#lines.set(data, line);
    return line;
  }

  #compound(data: object): string {
    if (Array.isArray(data)) return `[${data.map((item: Data) => this.#line(item)).join(", ")}]`;
    const entries = Object.entries(data as Record<string, Data>);
    return entries.length === 0 ? "{}" : `{ ${entries.map(([key, value]) => `${keyText(key)}: ${this.#line(value)}`).join(", ")} }`;
  }
}

const keyText = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));

function capturesOf(data: Data): Record<string, string> {
  if (data instanceof Code) return data.captures;
  if (typeof data !== "object" || data === null) return {};
  return Object.assign({}, ...Object.values(data).map(capturesOf));
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

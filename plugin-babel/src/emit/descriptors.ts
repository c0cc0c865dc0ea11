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
/** Blanks before a line: an expression of a thousand parts nests as deep, and would be megabytes of them. */
const DEEPEST = 80;

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
    const printed: string[] = [];
    this.#print(data, "", head.length, printed);
    this.statements.push(`${head}${printed.join("")}${parameters.length === 0 ? ";" : ");"}`);
    return { name, captures };
  }

  /** On one line where it fits, else one entry a line. Piece by piece: a text made of its parts' at every level is copied as often as it is deep. */
  #print(data: Data, indent: string, before: number, out: string[]): void {
    const line = this.#line(data);
    if (indent.length + before + line.length <= WIDTH || typeof data !== "object" || data === null || data instanceof Code) return void out.push(line);
    const inner = indent.length < DEEPEST ? `${indent}  ` : indent;
    const isArray = Array.isArray(data);
    out.push(isArray ? "[\n" : "{\n");
    for (const [key, value] of Object.entries(data as Record<string, Data>)) {
      out.push(inner, isArray ? "" : `${keyText(key)}: `);
      this.#print(value, inner, isArray ? 1 : key.length + 3, out);
      out.push(",\n");
    }
    out.push(indent, isArray ? "]" : "}");
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

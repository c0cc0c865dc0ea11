/** Descriptors: what a verb does, as a constant of the rank module; a function where captured values go in. */
import { callExpression, type Expression, identifier, objectExpression, objectProperty } from "@babel/types";
import { capturedName, capturedText } from "../ir/captured.ts";
import { Code, type Data, type Taken } from "../ir/data.ts";
import { Names } from "./names.ts";

/** A use of a descriptor: its name, and what to call it with, by parameter (nothing: it is a constant). */
export interface DescriptorUse {
  readonly name: string;
  readonly taken: ReadonlyMap<string, Taken>;
}

const WIDTH = 150;
/** Blanks before a line: an expression of a thousand parts nests as deep, and would be megabytes of them. */
const DEEPEST = 80;

export class Descriptors {
  /** `const derive_21 = { … };` each. */
  readonly statements: string[] = [];
  readonly #names: Names;
  readonly #runtime: string;

  constructor(names: Names, runtime: string) {
    this.#names = names;
    this.#runtime = runtime;
  }

  /** `notes` say in short what the data says at length. */
  add(wanted: string, data: Data, notes: readonly string[] = []): DescriptorUse {
    const printer = new Printer(this.#runtime);
    printer.take(data);
    const name = this.#names.fresh(wanted);
    const parameters = [...printer.taken.keys()];
    const head = `const ${name} = ${parameters.length === 0 ? "" : `({ ${parameters.join(", ")} }) => (`}`;
    for (const note of notes) this.statements.push(`// ${note.length > WIDTH ? `${note.slice(0, WIDTH - 1)}…` : note}`);
    const printed: string[] = [];
    printer.print(data, "", head.length, printed);
    this.statements.push(`${head}${printed.join("")}${parameters.length === 0 ? ";" : ");"}`);
    return { name, taken: printer.taken };
  }
}

/** The text of one descriptor. */
class Printer {
  /** By parameter. */
  readonly taken = new Map<string, Taken>();
  readonly #runtime: string;
  readonly #names = new Names([]);
  /** Captured values by their text: what is written alike is taken once. */
  readonly #parameters = new Map<Taken | string, string>();
  /** One-line forms: each is asked for again at every level above it. */
  readonly #lines = new WeakMap<object, string>();

  constructor(runtime: string) {
    this.#runtime = this.#names.fresh(runtime);
  }

  /** Names what goes into the data, in the order in which it appears. */
  take(data: Data): void {
    if (typeof data !== "object" || data === null) return;
    if (!(data instanceof Code)) return Object.values(data).forEach((part: Data) => this.take(part));
    const { taken } = data;
    const key = keyOf(taken);
    if (this.#parameters.has(key)) return;
    const parameter = this.#names.fresh(taken.kind === "script" ? `row_${taken.span.line}_${taken.span.column + 1}` : capturedName(taken));
    this.#parameters.set(key, parameter);
    this.taken.set(parameter, taken);
  }

  /** On one line where it fits, else one entry a line. Piece by piece: a text made of its parts' at every level is copied as often as it is deep. */
  print(data: Data, indent: string, before: number, out: string[]): void {
    const line = this.#line(data);
    if (indent.length + before + line.length <= WIDTH || typeof data !== "object" || data === null || data instanceof Code) return void out.push(line);
    const inner = indent.length < DEEPEST ? `${indent}  ` : indent;
    const isArray = Array.isArray(data);
    out.push(isArray ? "[\n" : "{\n");
    for (const [key, value] of Object.entries(data as Record<string, Data>)) {
      out.push(inner, isArray ? "" : `${keyText(key)}: `);
      this.print(value, inner, isArray ? 1 : key.length + 3, out);
      out.push(",\n");
    }
    out.push(indent, isArray ? "]" : "}");
  }

  #line(data: Data): string {
    if (data instanceof Code) return this.#code(data);
    if (typeof data !== "object" || data === null) return JSON.stringify(data);
    const line = this.#lines.get(data) ?? this.#compound(data);
    this.#lines.set(data, line);
    return line;
  }

  #code({ function: name, taken, rest }: Code): string {
    const args = [this.#parameters.get(keyOf(taken))!, ...rest.map((arg) => JSON.stringify(arg))];
    return `${name === "literals" ? "..." : ""}${this.#runtime}.${name}(${args.join(", ")})`;
  }

  #compound(data: object): string {
    if (Array.isArray(data)) return `[${data.map((item: Data) => this.#line(item)).join(", ")}]`;
    const entries = Object.entries(data as Record<string, Data>);
    return entries.length === 0 ? "{}" : `{ ${entries.map(([key, value]) => `${keyText(key)}: ${this.#line(value)}`).join(", ")} }`;
  }
}

const keyText = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key));

const keyOf = (taken: Taken): Taken | string => (taken.kind === "script" ? taken : capturedText(taken));

/** `filter_24`, or `filter_24({ threshold })`; `read` makes the JavaScript of what is taken. */
export function useOf({ name, taken }: DescriptorUse, read: (taken: Taken) => Expression): Expression {
  if (taken.size === 0) return identifier(name);
  return callExpression(identifier(name), [
    objectExpression(Array.from(taken, ([parameter, one]) => {
      const value = read(one);
      return objectProperty(identifier(parameter), value, false, value.type === "Identifier" && value.name === parameter);
    })),
  ]);
}

/** Random row functions' bodies: TypeScript over `d`, of a wanted type. */
import { type Col, type JsType, named, type Random, type Schema } from "./schema.ts";

/** State of one program: at most one expression may throw, so that its message is the program's. */
export interface Limits {
  mayThrow: boolean;
}

export class Expressions {
  readonly #r: Random;
  readonly #schema: Schema;
  readonly #limits: Limits;
  readonly #scalars: readonly string[];

  constructor(r: Random, schema: Schema, limits: Limits, scalars: readonly string[]) {
    this.#r = r;
    this.#schema = schema;
    this.#limits = limits;
    this.#scalars = scalars;
  }

  /** A row function whose result may be null, and the column it makes. */
  column(js: JsType): { source: string; col: Col } {
    const r = this.#r;
    const value = this.value(js, 3);
    const isDyadic = (source: string) => !/[/]|Math.sqrt|getTime|9007199254740991/.test(source) && (js !== "number" || named(this.#schema, "number").every((name) => !source.includes(`d.${name}`) || this.#schema.get(name)!.dyadic));
    const made = (source: string, nullable: boolean) => ({ source, col: { js, nullable, exact: true, dyadic: isDyadic(source) } });
    const found = r.chance(20) ? this.#found(js, "null") : null;
    if (found !== null) return made(`(d) => ${found}`, true);
    if (r.chance(15)) return made(`(d) => (${this.value("boolean", 2)} ? ${value} : null)`, true);
    if (r.chance(10)) return made(`(d) => { const x = ${value}; if (${this.value("boolean", 1)}) return x; return ${this.value(js, 1)}; }`, false);
    const plain = named(this.#schema, js);
    if (r.chance(15) && plain.length > 0) {
      const name = r.of(plain);
      return { source: `(d) => d.${name}`, col: this.#schema.get(name)! };
    }
    return made(`(d) => ${value}`, false);
  }

  predicate(): string {
    return `(d) => ${this.value("boolean", 3)}`;
  }

  /** An expression that is never null or undefined. */
  value(js: JsType, depth: number): string {
    const r = this.#r;
    if (depth <= 0 || r.chance(25)) return this.#leaf(js);
    const v = (type: JsType): string => this.value(type, depth - 1);
    if (r.chance(12)) return `(${v("boolean")} ? ${v(js)} : ${v(js)})`;
    if (r.chance(12)) return this.#found(js, v(js)) ?? this.#leaf(js);
    switch (js) {
      case "number":
        return r.of([
          () => `(${v("number")} ${r.of(["+", "-", "*"])} ${this.#leaf("number")})`,
          () => `(${v("number")} / ${r.of(["2", "4", "3"])})`,
          () => `(${v("number")} % ${r.int(1, 9)})`,
          () => `-${this.#leaf("number")}`,
          () => `Math.${r.of(["floor", "ceil", "round", "trunc", "sign", "abs"])}(${v("number")})`,
          () => `Math.${r.of(["min", "max"])}(${v("number")}, ${v("number")})`,
          () => `${v("string")}.length`,
          () => `${v("string")}.indexOf(${this.#leaf("string")})`,
          () => `${v("date")}.getUTC${r.of(["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"])}()`,
          () => `(${v("number")} | ${r.int(0, 7)})`,
          () => `Number(${r.chance(50) ? v("string") : v("boolean")})`,
          () => this.#nullish("number"),
        ])();
      case "string":
        return r.of([
          () => `\`${r.of(["", "-", "é"])}\${${v(r.of(["number", "string", "boolean", "bigint"]))}}\``,
          () => `(${v("string")} + ${this.#leaf(r.of(["string", "number"]))})`,
          () => `${v("string")}.${r.of(["trim()", "toUpperCase()", "toLowerCase()", "trimEnd()"])}`,
          () => `${v("string")}.slice(${r.int(-3, 3)}${r.chance(50) ? `, ${r.int(-3, 3)}` : ""})`,
          () => `${v("string")}.padStart(${r.int(0, 6)}, "*")`,
          () => `${v("string")}.replaceAll("a", ${this.#leaf("string")})`,
          () => `${v("date")}.toISOString()`,
          () => `(${v("number")}).toFixed(${r.int(0, 3)})`,
          () => `String(${v("number")})`,
          () => `(${v("string")}.at(${r.int(-2, 2)}) ?? "none")`,
          () => this.#nullish("string"),
        ])();
      case "boolean": {
        const type = r.of(["number", "string", "bigint", "date"] as const);
        return r.of([
          () => `(${v(type)} ${r.of(["<", "<=", ">", ">="])} ${this.#leaf(type)})`,
          () => {
            const same = r.of(["number", "string", "boolean", "bigint"] as const);
            // A literal on both sides would be a type error.
            const left = { number: (x: string) => `(${x} + 0)`, string: (x: string) => `\`\${${x}}\``, boolean: (x: string) => `Boolean(${x})`, bigint: (x: string) => `BigInt(${x})` }[same](v(same));
            return `(${left} ${r.of(["===", "!=="])} ${this.#leaf(same)})`;
          },
          () => `(${v("boolean")} ${r.of(["&&", "||"])} ${v("boolean")})`,
          () => `!${this.#leaf("boolean")}`,
          () => `${v("string")}.${r.of(["includes", "startsWith", "endsWith"])}(${this.#leaf("string")})`,
          () => `[${this.#literal("string")}, ${this.#literal("string")}].includes(${v("string")})`,
          () => `Number.${r.of(["isNaN", "isInteger", "isFinite"])}(${v("number")})`,
          () => {
            const nullable = [...this.#schema].filter(([, c]) => c.exact && c.nullable).map(([name]) => name);
            return nullable.length > 0 ? `(d.${r.of(nullable)} ${r.of(["===", "!==", "==", "!="])} null)` : this.#leaf("boolean");
          },
          () => `Boolean(${v(r.of(["number", "string"]))})`,
        ])();
      }
      case "bigint":
        return r.of([() => `(${this.#leaf("bigint")} ${r.of(["+", "-"])} ${r.int(0, 9)}n)`, () => `BigInt(${v("string")}.length)`, () => `(${this.#leaf("bigint")} % 7n)`])();
      case "date":
        return r.of([
          () => `new Date(${v("date")}.getTime() + ${r.of(["1", "86400000", "-3600000"])})`,
          () => `new Date(Date.UTC(${r.int(1890, 2100)}, ${v("date")}.getUTCMonth(), ${r.int(1, 28)}))`,
        ])();
    }
  }

  #leaf(js: JsType): string {
    const r = this.#r;
    const names = named(this.#schema, js);
    if (names.length === 0 && r.chance(80)) return this.#converted(js);
    if (names.length === 0 || r.chance(20)) return this.#literal(js);
    const name = r.of(names);
    const { nullable } = this.#schema.get(name)!;
    if (!nullable) return `d.${name}`;
    if (js === "string" && this.#limits.mayThrow && r.chance(10)) {
      this.#limits.mayThrow = false;
      return `d.${name}!.trim()`;
    }
    return `(d.${name} ?? ${this.#literal(js)})`;
  }

  /** From a column of another type. */
  #converted(js: JsType): string {
    const r = this.#r;
    const from = named(this.#schema, null);
    if (from.length === 0) return this.#literal(js);
    const name = r.of(from);
    const type = this.#schema.get(name)!.js;
    const own = this.#leaf(type);
    if (js === "string") return `\`\${${type === "date" ? `${own}.getTime()` : own}}\``;
    if (js === "boolean") return type === "number" || type === "string" ? `Boolean(${own})` : `(d.${name} === null)`;
    if (js === "number" && type !== "bigint") return type === "date" ? `${own}.getUTCDate()` : type === "string" ? `${own}.length` : `Number(${own})`;
    return this.#literal(js);
  }

  /** What is made of a value where a test has found it, elsewhere `otherwise`; null where no column that may be null leads to the type. */
  #found(js: JsType, otherwise: string): string | null {
    const r = this.#r;
    const of = (name: string): string | null => converted(`d.${name}`, this.#schema.get(name)!.js, js);
    const names = [...this.#schema].filter(([name, c]) => c.exact && c.nullable && of(name) !== null).map(([name]) => name);
    if (names.length === 0) return null;
    const name = r.of(names);
    const found = of(name)!;
    const also = this.value("boolean", 1);
    return r.of([
      `(d.${name} !== null ? ${found} : ${otherwise})`,
      `(d.${name} !== null && ${also} ? ${found} : ${otherwise})`,
      `(${also} && d.${name} != null ? ${found} : ${otherwise})`,
      `(d.${name} == null ? ${otherwise} : ${found})`,
      `(d.${name} === null || ${also} ? ${otherwise} : ${found})`,
      `(${also} || d.${name} === null ? ${otherwise} : ${found})`,
    ]);
  }

  /** Ways to a value that meet null on the way. */
  #nullish(js: "number" | "string"): string {
    const r = this.#r;
    const names = named(this.#schema, "string");
    if (names.length === 0) return this.#leaf(js);
    const name = r.of(names);
    const chain = this.#schema.get(name)!.nullable ? "?." : ".";
    return js === "number" ? `(d.${name}${chain}length ?? ${r.int(-1, 3)})` : `(d.${name}${chain}trim() || ${this.#literal("string")})`;
  }

  #literal(js: JsType): string {
    const r = this.#r;
    switch (js) {
      case "number":
        if (this.#scalars.length > 0 && r.chance(30)) return r.of(this.#scalars);
        return r.of(["0", "1", "2", "0.5", "-3", "10", "100"]).replace(/^-.*/, "($&)");
      case "string":
        return JSON.stringify(r.of(["", "a", "b", "é", "😀", " ", "ab"]));
      case "boolean":
        // Not a literal: a decided condition is an error.
        return r.of(["(Math.abs(1) > 0)", '"a".includes("b")']);
      case "bigint":
        return r.of(["0n", "1n", "9007199254740993n"]);
      case "date":
        return r.of(["new Date(0)", "new Date(1709209800500)", "new Date(-1)"]);
    }
  }
}

/** A value that is there, as one of another type; null: there is no way. */
function converted(value: string, from: JsType, to: JsType): string | null {
  if (from === to) return value;
  switch (to) {
    case "number":
      return from === "date" ? `${value}.getTime()` : from === "string" ? `${value}.length` : from === "boolean" ? `Number(${value})` : null;
    case "string":
      return from === "date" ? `${value}.toISOString()` : `\`\${${value}}\``;
    case "boolean":
      return from === "date" ? `(${value}.getTime() > 0)` : from === "bigint" ? `(${value} > 0n)` : `Boolean(${value})`;
    case "bigint":
      return from === "string" ? `BigInt(${value}.length)` : null;
    case "date":
      return null;
  }
}

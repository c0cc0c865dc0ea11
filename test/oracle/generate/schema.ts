/** What the generator knows of the columns of a table it has made. */
import fc from "fast-check";

export type JsType = "number" | "string" | "boolean" | "bigint" | "date";

export interface Col {
  readonly js: JsType;
  readonly nullable: boolean;
  /** Whether both executions hold the same bits: a mean does not, so it is carried along but never compared or grouped by. */
  readonly exact: boolean;
  /** Numbers of few bits: their sums are exact in any order. */
  readonly dyadic: boolean;
}

export type Schema = ReadonlyMap<string, Col>;

export const col = (js: JsType, nullable: boolean, more: Partial<Col> = {}): Col => ({ js, nullable, exact: true, dyadic: true, ...more });

/** Random choices, all from one seed. */
export class Random {
  readonly #value: fc.GeneratorValue;

  constructor(value: fc.GeneratorValue) {
    this.#value = value;
  }

  /** An integer of low … high, both included. */
  int(low: number, high: number): number {
    return this.#value(fc.integer, { min: low, max: high });
  }

  chance(percent: number): boolean {
    return this.int(1, 100) <= percent;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)]!;
  }

  /** Some of them, at least one, in their order. */
  some<T>(choices: readonly T[], most = choices.length): T[] {
    const wanted = this.int(1, Math.min(most, choices.length));
    const left = [...choices];
    while (left.length > wanted) left.splice(this.int(0, left.length - 1), 1);
    return left;
  }
}

/** The names of columns of a type whose values may decide something. */
export function named(schema: Schema, js: JsType | null): string[] {
  return [...schema].filter(([, c]) => c.exact && (js === null || c.js === js)).map(([name]) => name);
}

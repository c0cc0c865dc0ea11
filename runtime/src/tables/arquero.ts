import { createRequire } from "node:module";

/** The part of Arquero that tables use. */
export interface Arquero {
  table(columns: readonly (readonly [name: string, values: unknown])[]): ArqueroTable;
  desc(field: string): object;
  rolling(call: unknown, frame: readonly [number, number], includePeers: boolean): object;
  readonly op: Readonly<Record<string, (...args: unknown[]) => unknown>>;
}

export interface ArqueroTable {
  create(options: object): ArqueroTable;
  orderby(...fields: (string | object)[]): ArqueroTable;
  derive(values: Readonly<Record<string, unknown>>): ArqueroTable;
  rollup(values: Readonly<Record<string, unknown>>): ArqueroTable;
  indices(): Uint32Array;
  data(): Readonly<Record<string, { length: number; at(row: number): unknown }>>;
}

let loaded: Arquero | undefined;

/** Arquero, loaded when the first table needs it: a rank never does, and starts faster without. */
export function arquero(): Arquero {
  return (loaded ??= createRequire(import.meta.url)("arquero") as Arquero);
}

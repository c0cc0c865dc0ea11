/** The part of Arquero that tables use. */
export interface Arquero {
    table(columns: readonly (readonly [name: string, values: unknown])[]): ArqueroTable;
    desc(field: string): object;
    readonly op: Readonly<Record<string, (...args: unknown[]) => unknown>>;
}
export interface ArqueroTable {
    create(options: object): ArqueroTable;
    orderby(...fields: (string | object)[]): ArqueroTable;
    rollup(values: Readonly<Record<string, unknown>>): ArqueroTable;
    indices(): Uint32Array;
    data(): Readonly<Record<string, {
        length: number;
        at(row: number): unknown;
    }>>;
}
/** Arquero, loaded when the first table needs it: a rank never does, and starts faster without. */
export declare function arquero(): Arquero;

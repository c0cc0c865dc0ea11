type N = number | null | undefined;
type S = string | null | undefined;
/** Arquero's names of `Math`'s functions; null counts as 0. */
declare const numeric: readonly ["abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "clz32", "cos", "cosh", "exp", "expm1", "floor", "fround", "greatest", "least", "log", "log10", "log1p", "log2", "pow", "round", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc"];
/** Functions of text; null stays null. */
declare const textual: readonly ["upper", "lower", "trim"];
type Binary = "atan2" | "pow";
type Variadic = "greatest" | "least";
/** Arquero's scalar functions that are plain functions of their arguments, for use in row functions. */
export type ScalarFunctions = {
    readonly [K in Exclude<(typeof numeric)[number], Binary | Variadic>]: (x: N) => number;
} & {
    readonly [K in Binary]: (x: N, y: N) => number;
} & {
    readonly [K in Variadic]: (...x: N[]) => number;
} & {
    readonly [K in (typeof textual)[number]]: <T extends S>(text: T) => T extends string ? string : null;
};
/** Each calls Arquero's function of the same name. */
export declare const scalarFunctions: ScalarFunctions;
export {};

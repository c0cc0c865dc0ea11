export type TimeUnit = "s" | "ms" | "us" | "ns";
/** An Arrow data type, as far as tables carry them. */
export type ArrowType = {
    readonly id: "null" | "bool" | "string" | "binary" | "date";
} | {
    readonly id: "int";
    readonly bits: 8 | 16 | 32 | 64;
    readonly signed: boolean;
} | {
    readonly id: "float";
    readonly bits: 16 | 32 | 64;
} | {
    readonly id: "timestamp";
    readonly unit: TimeUnit;
    readonly zone: string | null;
} | {
    readonly id: "decimal";
    readonly precision: number;
    readonly scale: number;
}
/** Strings with an int32 index. */
 | {
    readonly id: "dictionary";
}
/** A type that is named but not carried: lists, structs, times of day. */
 | {
    readonly id: "other";
    readonly name: string;
};
export declare const bool: ArrowType;
export declare const string: ArrowType;
export declare const int64: ArrowType;
export declare const float64: ArrowType;
export declare const timestamp: ArrowType;
/** A column of nothing but nulls whose type nobody has said. */
export declare const nothing: ArrowType;
/** The type as Arrow prints it: `int64`, `timestamp[ms, tz=UTC]`, `decimal128(10, 2)`. */
export declare function printType(type: ArrowType): string;
/** Reads what {@link printType} prints, and Arrow's other spellings (`double`, `utf8`). LS2015 for anything else. */
export declare function parseType(text: string): ArrowType;
/** Whether two types are the same. */
export declare function sameType(a: ArrowType, b: ArrowType): boolean;
/** Ticks of a unit in a second. */
export declare const ticksPerSecond: {
    readonly s: 1;
    readonly ms: 1000;
    readonly us: 1000000;
    readonly ns: 1000000000;
};

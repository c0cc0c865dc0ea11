import { LockstepError } from "../errors/index.ts";
import { printType, type ArrowType } from "./arrow-type.ts";
import { objectView, type View } from "./js-view.ts";
import { reader, type Reader } from "./view.ts";

/**
 * A value as a column stores it; every bit of its Arrow type.
 *
 * Integers, days, ticks of a timestamp and unscaled decimals are a number where it is safe (|n| < 2^53) and a bigint
 * otherwise: one form for each value, so `===`, `<` and a Map's keys work on stored values as they are. A list is an
 * array of its stored elements (of a map its entries), a uuid and a time of day their text, an object an array of its
 * stored members in the type's order; nobody changes them.
 */
export type Stored = number | bigint | string | boolean | Uint8Array | readonly Stored[] | null;
export type StoredValues = ArrayLike<Stored>;

/** A value that JavaScript looks at. */
export type Value = number | bigint | string | boolean | Date | null | Value[] | { [member: string]: Value };

/** Row numbers; in a gathering one, -1 stands for a row of nulls. */
export type Rows = Int32Array;

/** A loop over verbs gathers now and then, so that neither its row numbers nor the stack grow with its length. */
const deepest = 100;

/** A column: immutable, its values loaded (read, gathered) when they are first needed. */
export class Column {
  readonly type: ArrowType;
  readonly view: View;
  readonly length: number;
  /** Where the values come from, for errors: `column id of trips/a.parquet`. */
  readonly origin: string | undefined;
  /** What a program does about what it cannot look at, a type or an integer past 2^53, where its source has an answer. */
  readonly remedy: string | undefined;
  #load: (() => StoredValues) | undefined;
  /** How many gatherings stand between this column and loaded values. */
  #depth = 0;
  #values: StoredValues | undefined;
  #reader: Reader | undefined;
  #glimpse: Reader | undefined;

  constructor(type: ArrowType, length: number, values: StoredValues | (() => StoredValues), options: { view?: View; origin?: string | undefined; remedy?: string | undefined } = {}) {
    this.type = type;
    this.view = options.view ?? viewOf(type);
    this.length = length;
    this.origin = options.origin;
    this.remedy = options.remedy;
    if (typeof values === "function") this.#load = values;
    else this.#values = values;
  }

  get values(): StoredValues {
    if (this.#values === undefined) {
      this.#values = this.#load!();
      this.#load = undefined;
      this.#depth = 0;
    }
    return this.#values;
  }

  /** What JavaScript sees in a row. LS2004 for an integer past 2^53, LS2015 for a type it cannot look at. */
  get at(): Reader {
    return (this.#reader ??= reader(this));
  }

  /** The same to a row function: what a member of an object throws it throws when that member is looked at. */
  get glimpse(): Reader {
    return (this.#glimpse ??= holdsObjects(this.type) ? reader(this, true) : this.at);
  }

  /** The same column, seen as something else. */
  seenAs(view: View): Column {
    return view === this.view ? this : new Column(this.type, this.length, () => this.values, { view, origin: this.origin, remedy: this.remedy });
  }

  /** The named rows in their order. */
  take(rows: Rows): Column {
    const taken = new Column(this.type, rows.length, () => gather(this.values, rows), { view: this.view, origin: this.origin, remedy: this.remedy });
    taken.#depth = this.#depth + 1;
    if (taken.#depth > deepest) void taken.values;
    return taken;
  }
}

function gather(values: StoredValues, rows: Rows): StoredValues {
  if (values instanceof Float64Array && !rows.includes(-1)) {
    const out = new Float64Array(rows.length);
    for (let i = 0; i < rows.length; i++) out[i] = values[rows[i]!]!;
    return out;
  }
  const out = new Array<Stored>(rows.length);
  for (let i = 0; i < rows.length; i++) out[i] = rows[i]! < 0 ? null : values[rows[i]!]!;
  return out;
}

const holdsObjects = (type: ArrowType): boolean => type.id === "struct" || (type.id === "list" && holdsObjects(type.of));

/** What JavaScript sees of a type unless the program says otherwise. */
export function viewOf(type: ArrowType): View {
  switch (type.id) {
    case "null":
    case "int":
    case "float":
    case "decimal":
      return "number";
    case "string":
    case "dictionary":
    case "uuid":
    case "time":
      return "string";
    case "bool":
      return "boolean";
    case "date":
    case "timestamp":
      return "date";
    case "list": {
      const element = viewOf(type.of);
      return element === "none" ? "none" : `${element}[]`;
    }
    case "struct":
      return objectView(type.fields.map((field) => [field.name, viewOf(field.type)]));
    default:
      return "none";
  }
}

/** Refuses to look at, compute with or write a column of a type that tables do not carry. */
export function unsupportedType(column: Column, purpose: string): LockstepError {
  return new LockstepError({
    code: "LS2015",
    message: `${column.origin ?? "a column"} is ${printType(column.type)}: it cannot be ${purpose}`,
    fix: column.remedy ?? "Leave the column out with select(), or write it as another type at its source.",
  });
}

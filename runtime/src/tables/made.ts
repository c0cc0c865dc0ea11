/** What `op`, `rolling` and the selections of columns make, for verbs, told apart from data: an object of a column may have members of any name. */
import type { Aggregate } from "./op.ts";
import type { Selector } from "./selection.ts";
import type { Window } from "./window-functions.ts";

/** Of the registry, as a program may have the runtime twice: bundled and not. */
const made = Symbol.for("@lockstep/runtime made");

export const marked = <T extends object>(value: T): T => ({ ...value, [made]: true });

const isMarked = (value: unknown): value is object => typeof value === "object" && value !== null && made in value;

export const isAggregate = (value: unknown): value is Aggregate<never, unknown, unknown> => isMarked(value) && "aggregate" in value;
export const isWindow = (value: unknown): value is Window<never, unknown> => isMarked(value) && "window" in value;
export const isSelector = (value: unknown): value is Selector<string, string, boolean> => isMarked(value) && "selector" in value;

import { AsyncLocalStorage } from "node:async_hooks";
import type { Classes } from "../errors/index.ts";

/** The annotated function that runs, and the classes of its module where that is loaded. */
interface Inside {
  readonly id: string;
  readonly classes: (() => Classes) | undefined;
}

const inside = new AsyncLocalStorage<Inside>();

export const current = (): Inside | undefined => inside.getStore();

export const runInside = <T>(id: string, classes: Inside["classes"], body: () => T): T => inside.run({ id, classes }, body);

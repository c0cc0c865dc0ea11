import { engineError } from "../errors/index.ts";

/** Errors that the engine raised on every rank alike: nobody has to be told of them again. */
const agreed = new WeakSet<object>();

/** The engine's promise, its JSON errors as they are thrown. */
export async function checked<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    const known = error instanceof Error ? engineError(error.message) : undefined;
    throw markAgreed(known ? known.thrown : error);
  }
}

/** The promise of an operation of this rank alone, whose error the other ranks do not have. */
export async function alone<T>(operation: Promise<T>): Promise<T> {
  try {
    return await operation;
  } catch (error) {
    throw (error instanceof Error && engineError(error.message)?.thrown) || error;
  }
}

/** A check of what is the same on every rank, and what it gives. */
export function onEveryRank<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw markAgreed(error);
  }
}

/** Takes note that every rank has this error. */
export function markAgreed(error: unknown): unknown {
  if (typeof error === "object" && error !== null) agreed.add(error);
  return error;
}

/** Whether every rank has this error already. */
export function isAgreed(error: unknown): boolean {
  return typeof error === "object" && error !== null && agreed.has(error);
}

import { LockstepError } from "../errors/index.ts";
import type { LocalTable } from "./handles.ts";

/** Whether a value of ordinary code is a table of the facade that no annotated function returned. */
export function isLocalTable(_value: object): boolean {
  return false;
}

export function encodeLocal(_value: object): LocalTable {
  throw new LockstepError({ code: "LS2015", message: "tables made in ordinary code cannot be passed yet" });
}

export async function decodeReturned(_ipc: Uint8Array): Promise<object> {
  throw new LockstepError({ code: "LS2015", message: "tables cannot be returned yet" });
}

/** Stands for a returned table that is too large for rank 0: it knows its size, and everything else is an error. */
export function tooLarge(rows: number, limit: number): object {
  const error = (): never => {
    throw new LockstepError({
      code: "LS2013",
      message: `the table has ${rows} rows; code outside annotated functions gets at most ${limit}`,
    });
  };
  return new Proxy({}, {
    get: (_, property) => {
      if (property === "numRows") return () => rows;
      // Awaiting or printing the handle is no use of it.
      if (property === "then" || typeof property === "symbol") return undefined;
      return error;
    },
  });
}

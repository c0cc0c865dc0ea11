import { LockstepError } from "../errors/index.ts";

/** LS2016 for columns of different lengths. */
export function checkEven(entries: readonly (readonly [name: string, values: { readonly length: number }])[], site?: string): void {
  const [first] = entries;
  const uneven = entries.find(([, values]) => values.length !== first![1].length);
  if (uneven === undefined) return;
  throw new LockstepError({ code: "LS2016", message: `the columns "${first![0]}" and "${uneven[0]}" have ${first![1].length} and ${uneven[1].length} values`, site });
}

/** infer-distributions: where every table's rows are, by the verbs' transfer rules, iterated to a fixpoint over loops. */
import { type Distribution, meet, sameDistribution } from "../ir/distribution.ts";
import { type FunctionIR, instructions, valuesOf } from "../ir/ir.ts";
import { isComplete, verbOf } from "../verbs/index.ts";

export function inferDistributions(fn: FunctionIR): void {
  const values = valuesOf(fn);
  // Optimistic: a value not yet known does not lower a phi. The lattice has finite height, and meet only descends.
  for (let changed = true; changed; ) {
    changed = false;
    for (const i of instructions(fn)) {
      if (!isComplete(i)) continue;
      const inputs = i.inputs.map((v) => values.get(v)?.distribution ?? null);
      const known = inputs.filter((d): d is Distribution => d !== null);
      const next = i.op === "phi" ? (known.length === 0 ? null : known.reduce(meet)) : known.length === inputs.length ? verbOf(i.op).distribution(i, known) : null;
      const met = next && i.distribution && i.op === "phi" ? meet(i.distribution, next) : next;
      if (!sameDistribution(met, i.distribution)) {
        i.distribution = met;
        changed = true;
      }
    }
  }
}

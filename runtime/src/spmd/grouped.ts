import type { Expression, NamedAggregate, NamedExpression, SortKey, WindowColumn } from "@lockstep/native/plan";
import type { SampleOptions } from "../tables/sample.ts";
import { type ImputeDescriptor, ONE, type PivotDescriptor, type Sited, SpmdTable } from "./table.ts";

/** From `groupby` to `rollup` or `ungroup`: the keys are computed again by each node that needs them. */
export class GroupedTable {
  readonly #table: SpmdTable;
  readonly #keys: NamedExpression[];

  constructor(table: SpmdTable, keys: NamedExpression[]) {
    this.#table = table;
    this.#keys = keys;
  }

  rollup({ site, aggregates }: Sited & { aggregates: NamedAggregate[] }): SpmdTable {
    return new SpmdTable({
      inputs: [this.#table.node],
      build: ([input]) => ({ op: "aggregate", input: input!, keys: this.#keys, aggregates, site }),
    });
  }

  /** Each aggregate is of the rows whose value is its key. */
  pivot({ site, on, aggregates }: Sited & PivotDescriptor): SpmdTable {
    const name = " on";
    const type = aggregates[0]?.key.type ?? "string";
    const filtered = aggregates.map(({ key, aggregate }): NamedAggregate => {
      const filter: Expression = { kind: "call", function: "eq", type: "boolean", args: [{ kind: "column", name, type }, key] };
      // A sum, which is null of no rows.
      return aggregate.function === "count" ? { name: aggregate.name, function: "sum", arg: ONE, filter } : { ...aggregate, filter };
    });
    return this.derive({ site, columns: [{ name, expression: on }] }).rollup({ site, aggregates: filtered });
  }

  derive(descriptor: Sited & { columns: NamedExpression[] }): GroupedTable {
    return new GroupedTable(this.#table.derive(descriptor), this.#keys);
  }

  window({ site, columns }: Sited & { columns: WindowColumn[] }): GroupedTable {
    return new GroupedTable(this.#table.window({ site, columns }, this.#keys), this.#keys);
  }

  impute(descriptor: Sited & ImputeDescriptor): GroupedTable {
    return new GroupedTable(this.#table.impute(descriptor, this.#keys), this.#keys);
  }

  filter(descriptor: Sited & { predicate: Expression }): GroupedTable {
    return new GroupedTable(this.#table.filter(descriptor), this.#keys);
  }

  orderby(descriptor: Sited & { keys: SortKey[] }): GroupedTable {
    return new GroupedTable(this.#table.orderby(descriptor), this.#keys);
  }

  /** Of each group. */
  slice(start: number | undefined, end: number | undefined, descriptor: Sited): GroupedTable {
    return new GroupedTable(this.#table.slice(start, end, descriptor, this.#keys), this.#keys);
  }

  /** Of each group. */
  sample(size: number, options: SampleOptions | undefined, descriptor: Sited & { columns: string[] }): GroupedTable {
    return new GroupedTable(this.#table.sample(size, options, descriptor, this.#keys), this.#keys);
  }

  groupby(descriptor: Sited & { keys: NamedExpression[] }): GroupedTable {
    return this.#table.groupby(descriptor);
  }

  ungroup(_: Sited): SpmdTable {
    return this.#table;
  }
}

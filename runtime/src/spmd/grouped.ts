import type { Expression, NamedAggregate, NamedExpression, SortKey, WindowColumn } from "@lockstep/native/plan";
import type { SampleOptions } from "../tables/sample.ts";
import { type ImputeDescriptor, ONE, type PivotDescriptor, type SampleDescriptor, type Sited, SpmdTable } from "./table.ts";

/** What groupby takes: `windows` are columns that keys read, beside the `columns` that the program has. */
export interface GroupDescriptor extends Sited {
  keys: NamedExpression[];
  windows?: WindowColumn[];
  columns?: string[];
}

/** Columns that only keys read, and those that ungroup leaves. */
interface Beside {
  readonly hidden: readonly string[];
  readonly visible: readonly string[];
}

/** From `groupby` to `rollup` or `ungroup`: the keys are computed again by each node that needs them, but for what is `beside`. */
export class GroupedTable {
  readonly #table: SpmdTable;
  readonly #keys: NamedExpression[];
  readonly #beside: Beside | undefined;

  constructor(table: SpmdTable, keys: NamedExpression[], beside?: Beside) {
    this.#table = table;
    this.#keys = keys;
    this.#beside = beside;
  }

  /** `groups`: those that the table is in before, of which windows are. */
  static of(table: SpmdTable, { site, keys, windows = [], columns = [] }: GroupDescriptor, groups: NamedExpression[]): GroupedTable {
    if (windows.length === 0) return new GroupedTable(table, keys);
    return new GroupedTable(table.window({ site, columns: windows }, groups), keys, { hidden: windows.map(({ name }) => name), visible: columns });
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
    return this.#with(this.#table.derive(descriptor), descriptor.columns);
  }

  window({ site, columns }: Sited & { columns: WindowColumn[] }): GroupedTable {
    return this.#with(this.#table.window({ site, columns }, this.#keys), columns);
  }

  impute(descriptor: Sited & ImputeDescriptor): GroupedTable {
    // Without windows every column stays.
    return this.#with(this.#table.impute({ ...descriptor, kept: this.#all(descriptor.kept) }, this.#keys), [], descriptor.windows.length > 0 ? descriptor.kept : undefined);
  }

  filter(descriptor: Sited & { predicate: Expression }): GroupedTable {
    return this.#with(this.#table.filter(descriptor));
  }

  orderby(descriptor: Sited & { keys: SortKey[] }): GroupedTable {
    return this.#with(this.#table.orderby(descriptor));
  }

  /** Of each group. */
  slice(start: number | undefined, end: number | undefined, descriptor: Sited): GroupedTable {
    return this.#with(this.#table.slice(start, end, descriptor, this.#keys));
  }

  /** Of each group. */
  sample(size: number, options: SampleOptions | undefined, descriptor: Sited & SampleDescriptor): GroupedTable {
    return this.#with(this.#table.sample(size, options, { ...descriptor, columns: this.#all(descriptor.columns) }, this.#keys), [], descriptor.columns);
  }

  groupby(descriptor: GroupDescriptor): GroupedTable {
    return descriptor.windows ? GroupedTable.of(this.#table, descriptor, this.#keys) : this.ungroup(descriptor).groupby(descriptor);
  }

  ungroup({ site }: Sited): SpmdTable {
    if (!this.#beside) return this.#table;
    return this.#table.select({ site, columns: this.#beside.visible.map((name) => ({ from: name, as: name })) });
  }

  /** The same groups of a table made of this one's, with these columns besides, or of which these are left. */
  #with(table: SpmdTable, added: readonly { name: string }[] = [], left = this.#beside?.visible): GroupedTable {
    const beside = this.#beside && { ...this.#beside, visible: [...new Set([...(left ?? []), ...added.map(({ name }) => name)])] };
    return new GroupedTable(table, this.#keys, beside);
  }

  #all = (columns: readonly string[]): string[] => [...columns, ...(this.#beside?.hidden ?? [])];
}

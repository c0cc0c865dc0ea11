/** Columns of which a Parquet file has Bloom filters, by which readers leave out row groups that have not the value they look for. */
import { didYouMean, LockstepError } from "../errors/index.ts";
import { isText, printType, type ArrowType } from "../tables/arrow-type.ts";

interface Filtered {
  readonly bloomFilters?: readonly string[] | undefined;
  readonly partitionBy?: readonly string[] | undefined;
}

/** Whether a value of the type is one sequence of bytes that a reader looks for: texts, numbers, dates. */
export function hasBloomFilter(type: ArrowType): boolean {
  return type.id === "int" || isText(type) || type.id === "date" || type.id === "timestamp" || (type.id === "float" && type.bits > 16);
}

/** `columns`: as they are written. LS2016: no such column, one twice, one that no file has, or one of a type without filters. */
export function fileBloomFilters({ bloomFilters = [], partitionBy = [] }: Filtered, columns: readonly { readonly name: string; readonly type: ArrowType }[]): string[] {
  const wrong = (message: string, fix: string): LockstepError => new LockstepError({ code: "LS2016", message: `bloomFilters: ${message}`, fix });
  const names = columns.map(({ name }) => name);
  for (const [index, name] of bloomFilters.entries()) {
    const column = columns.find((one) => one.name === name);
    if (!column) throw wrong(`the table has no column "${name}"${didYouMean(name, names)}`, `Its columns are ${names.join(", ")}.`);
    if (bloomFilters.indexOf(name) < index) throw wrong(`"${name}" stands there twice`, "Name each column once.");
    if (partitionBy.includes(name)) throw wrong(`"${name}" names folders, and no file has it`, "Leave it out.");
    // What is null throughout has no values to look for.
    if (!hasBloomFilter(column.type) && column.type.id !== "null") throw wrong(`"${name}" is ${printType(column.type)}, which has none`, "Name columns of texts, numbers or dates.");
  }
  return [...bloomFilters];
}

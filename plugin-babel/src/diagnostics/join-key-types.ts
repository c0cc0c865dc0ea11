import type { RowArgument } from "../ir/ir.ts";
import { printType } from "../ir/types.ts";
import { at, defineDiagnostic } from "./define.ts";

export const joinKeyTypes = defineDiagnostic(
  {
    code: "LS1103",
    title: "Join keys of different types",
    kind: "user-error",
    docs: "A number never equals a string, nor a Date a number: such a join has no rows. Convert one side with derive, or open the column as the other type.",
    example: {
      wrong: 'await trips.join(zones, [["city"], ["zone"]]).writeParquet(out);',
      right: 'await trips.join(zones, "zone").writeParquet(out);',
    },
  },
  (left: RowArgument, right: RowArgument) => {
    const [l, r] = [printType(left.expression!.type), printType(right.expression!.type)];
    return {
      message: `The join compares '${left.name ?? "the left key"}' of type ${l} with '${right.name ?? "the right key"}' of type ${r}; they are never equal`,
      locations: [at(left.span, `left key: ${l}`), at(right.expression!.span, `right key: ${r}`)],
      fix: { message: `convert one of them before the join: ${conversion(left, right)}`, edits: [] },
    };
  },
);

const conversions: Readonly<Record<string, (column: string) => string>> = {
  "string to number": (column) => `Number(${column})`,
  "number to string": (column) => `String(${column})`,
  "string to date": (column) => `new Date(${column})`,
  "number to date": (column) => `new Date(${column})`,
  "bigint to number": (column) => `Number(${column})`,
  "number to bigint": (column) => `BigInt(${column})`,
  "string to bigint": (column) => `BigInt(${column})`,
};

/** A derive of the side whose values convert to the other's. */
function conversion(left: RowArgument, right: RowArgument): string {
  const [l, r] = [left.expression!.type.js, right.expression!.type.js];
  for (const [side, key, from, to] of [["right", right, r, l], ["left", left, l, r]] as const) {
    const convert = conversions[`${from} to ${to}`];
    if (convert && key.name !== null) return `on the ${side}, derive({ ${key.name}: (d) => ${convert(`d.${key.name}`)} })`;
  }
  return "derive a key of the other side's type";
}

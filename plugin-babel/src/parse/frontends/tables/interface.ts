/** The columns a reader or a table literal declares. */
import type * as t from "@babel/types";
import { unsupportedType } from "../../../diagnostics/unsupported-type.ts";
import { verbArgument } from "../../../diagnostics/verb-argument.ts";
import type { Column, RowType } from "../../../ir/types.ts";
import { keyName } from "../../../source/constants.ts";
import type { Reading } from "../../function.ts";
import { spanOf } from "../../../source/module.ts";
import { elementOf } from "../../../source/scalar-types.ts";
import { rowTypeOf, UnsupportedType } from "../../../source/types.ts";

/** `readCsv<Weather>(…)` or `table({ … })` → its columns; null: not known. */
export function readInterface(call: t.CallExpression, data: t.ObjectExpression | null, r: Reading): RowType | null {
  const argument = call.typeArguments?.params[0] as t.TSType | undefined;
  if (argument) return readRowType(argument, r);
  return data ? literalColumns(data, r) : null;
}

/** The columns of an interface; none after a report. */
export function readRowType(type: t.TSType, r: Reading): RowType {
  try {
    return rowTypeOf(type, r.frame.module, r.modules);
  } catch (error) {
    if (!(error instanceof UnsupportedType)) throw error;
    // A type that is still to be fetched is no mistake: the whole compilation is repeated with it.
    if (r.modules.needs.size === 0) r.report(unsupportedType(error.message, spanOf(error.place, error.module)));
    return [];
  }
}

function literalColumns(data: t.ObjectExpression, r: Reading): RowType {
  if (data.properties.length === 0) r.report(verbArgument("table", "at least one column", r.span(data)));
  return data.properties.flatMap((p): Column[] => {
    const name = p.type === "ObjectProperty" && !p.computed ? keyName(p.key) : null;
    const type = p.type === "ObjectProperty" ? elementOf(p.value, r.place, r) : null;
    if (name !== null && type) return [{ name, type }];
    r.report(verbArgument("table", "columns whose element type is plain, such as [1, 2] or a variable of type number[],", r.span(p)));
    return [];
  });
}

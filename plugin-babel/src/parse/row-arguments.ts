/** Operands of row arguments → typed expressions, for infer-types. */
import type * as t from "@babel/types";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Expression } from "../ir/expression.ts";
import type { RowArgument } from "../ir/ir.ts";
import type { RowType, SourceSpan } from "../ir/types.ts";
import type { ParsedFunction, Site } from "../source/frames.ts";
import { bare } from "../source/module.ts";
import type { Modules } from "../source/modules.ts";
import { helperOf } from "../source/names.ts";
import type { Observed } from "../source/scalar-types.ts";
import { parseRowFunction } from "./row-function.ts";
import { rowScope } from "./row-scope.ts";

export function rowArgumentReader(fn: ParsedFunction, modules: Modules) {
  return {
    column: (argument: RowArgument): string | null => {
      const operand = fn.operands.get(argument);
      return operand?.kind === "column" ? operand.name : null;
    },
    read: (argument: RowArgument, rows: readonly RowType[], origin: (column: string, param?: number) => readonly string[], report: (d: Diagnostic) => void, verb: SourceSpan): Expression | null => {
      const operand = fn.operands.get(argument);
      if (operand?.kind !== "function") return null;
      const node = bare(operand.node);
      // A helper given by name, `derive({ bucket: timeBucketOf })`, is read where it is declared.
      const helper = node.type === "Identifier" ? helperOf(node, operand.place, modules) : null;
      const { module, scope } = helper ?? operand.place;
      const options = { modules, observed: (node: t.Node) => observedIn(fn, node), home: fn.module, isTable: fn.isTable, verb: operand.place.scope };
      const result = parseRowFunction(helper?.node ?? node, {
        ...rowScope(module, scope, options),
        params: rows,
        expect: argument.role === "predicate" || (argument.role === "match" && argument.name === null) ? "condition" : "value",
        ...(argument.input === 0 && argument.role !== "left" && argument.role !== "match" ? { verb } : {}),
        origin,
      });
      if ("errors" in result) {
        for (const error of result.errors) report(error);
        return null;
      }
      for (const warning of result.warnings) report(warning);
      return isStored(argument, result.expression) ? looked(result.expression) : result.expression;
    },
  };
}

/** A key or an aggregate's argument that names a column takes its stored values; `d => d.at` the values JavaScript sees. */
const isStored = ({ role }: RowArgument, e: Expression): boolean => e.kind === "column" && role !== "predicate" && role !== "column";

function looked(value: Expression): Expression {
  const { type, span } = value;
  return { kind: "let", name: "value", value, body: { kind: "local", name: "value", type, span }, type, span };
}

/** What an earlier statement got of a table; nothing where calls of one helper got it of tables that differ. */
function observedIn(fn: ParsedFunction, node: t.Node): Observed | null {
  const seen = [...fn.sites.values()].flatMap((sites) => observedAt(sites.get(node)) ?? []);
  const [first] = seen;
  return first && seen.every((other) => JSON.stringify(other) === JSON.stringify(first)) ? first : null;
}

function observedAt(site: Site | undefined): Observed | null {
  if (site?.kind !== "verb") return null;
  const { op, declared } = site.instruction;
  const type = declared?.[0]?.type;
  if (op === "get") return type ? { kind: "cell", type } : null;
  if (op === "array") return type ? { kind: "values", type } : null;
  return op === "objects" && declared ? { kind: "rows", row: declared } : null;
}

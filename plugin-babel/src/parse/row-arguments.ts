/** Operands of row arguments → typed expressions, for infer-types. */
import type * as t from "@babel/types";
import type { Diagnostic } from "../diagnostics/diagnostic.ts";
import type { Expression } from "../ir/expression.ts";
import type { RowArgument } from "../ir/ir.ts";
import type { RowType, SourceSpan, ValueType } from "../ir/types.ts";
import type { ParsedFunction } from "../source/frames.ts";
import { bare } from "../source/module.ts";
import type { Modules } from "../source/modules.ts";
import { helperOf } from "../source/names.ts";
import { parseRowFunction } from "./row-function.ts";
import { rowScope } from "./row-scope.ts";

export function rowArgumentReader(fn: ParsedFunction, modules: Modules) {
  return {
    column: (argument: RowArgument): string | null => {
      const operand = fn.operands.get(argument);
      return operand?.kind === "column" ? operand.name : null;
    },
    read: (argument: RowArgument, row: RowType, origin: (column: string) => readonly string[], report: (d: Diagnostic) => void, verb: SourceSpan): Expression | null => {
      const operand = fn.operands.get(argument);
      if (operand?.kind !== "function") return null;
      const node = bare(operand.node);
      // A helper given by name, `derive({ bucket: timeBucketOf })`, is read where it is declared.
      const helper = node.type === "Identifier" ? helperOf(node, operand.place, modules) : null;
      const { module, scope } = helper ?? operand.place;
      const options = { modules, observed: (call: t.CallExpression) => observedIn(fn, call), home: fn.module, isTable: fn.isTable };
      const result = parseRowFunction(helper?.node ?? node, {
        ...rowScope(module, scope, options),
        params: [row],
        expect: argument.role === "predicate" ? "condition" : "value",
        ...(argument.input === 0 && argument.role !== "left" ? { verb } : {}),
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

/** The type of a cell that an earlier statement got. */
function observedIn(fn: ParsedFunction, call: t.CallExpression): ValueType | null {
  for (const sites of fn.sites.values()) {
    const site = sites.get(call);
    if (site?.kind === "verb" && site.instruction.op === "get") return site.instruction.declared?.[0]?.type ?? null;
  }
  return null;
}

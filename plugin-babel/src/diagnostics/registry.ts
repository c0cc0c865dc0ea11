/** All diagnostics, by code: the documentation has a page for each, made from its text. */
import type { DiagnosticPage } from "./define.ts";
import { absentColumn } from "./absent-column.ts";
import { aggregateArgument } from "./aggregate-argument.ts";
import { aggregateInRowFunction } from "./aggregate-in-row-function.ts";
import { alwaysDecided } from "./always-decided.ts";
import { argumentWritten } from "./argument-written.ts";
import { arrayAsKey } from "./array-as-key.ts";
import { asyncRowFunction } from "./async-row-function.ts";
import { capturedChanged } from "./captured-changed.ts";
import { capturedWritten } from "./captured-written.ts";
import { comparedWithUndefined } from "./compared-with-undefined.ts";
import { concatTypes } from "./concat-types.ts";
import { datesCompared } from "./dates-compared.ts";
import { duplicateColumn } from "./duplicate-column.ts";
import { effect } from "./effect.ts";
import { gathering } from "./gathering.ts";
import { groupedTable } from "./grouped-table.ts";
import { impureRowFunction } from "./impure-row-function.ts";
import { inlinedSecret } from "./inlined-secret.ts";
import { joinKeyTypes } from "./join-key-types.ts";
import { keyReplaced } from "./key-replaced.ts";
import { leavesTry } from "./leaves-try.ts";
import { localDateGetter } from "./local-date-getter.ts";
import { misplacedDirective } from "./misplaced-directive.ts";
import { missingAwait } from "./missing-await.ts";
import { misspeltColumn } from "./misspelt-column.ts";
import { misspeltDirective } from "./misspelt-directive.ts";
import { mixedColumn } from "./mixed-column.ts";
import { needsAnnotation } from "./needs-annotation.ts";
import { nestedTooDeeply } from "./nested-too-deeply.ts";
import { noCommonColumns } from "./no-common-columns.ts";
import { noInterface } from "./no-interface.ts";
import { noOverlap } from "./no-overlap.ts";
import { noTables } from "./no-tables.ts";
import { notAColumnValue } from "./not-a-column-value.ts";
import { notARowFunction } from "./not-a-row-function.ts";
import { notAnnotatable } from "./not-annotatable.ts";
import { notAsync } from "./not-async.ts";
import { possiblyNull } from "./possibly-null.ts";
import { readerTypes } from "./reader-types.ts";
import { recursiveHelper } from "./recursive-helper.ts";
import { rowFunctionWrites } from "./row-function-writes.ts";
import { rowLoop } from "./row-loop.ts";
import { scriptOfTwoRows } from "./script-of-two-rows.ts";
import { shadowedCapture } from "./shadowed-capture.ts";
import { syncObservation } from "./sync-observation.ts";
import { syntaxError } from "./syntax-error.ts";
import { tableEscapes } from "./table-escapes.ts";
import { tableInRowFunction } from "./table-in-row-function.ts";
import { tableTypesDiffer } from "./table-types-differ.ts";
import { uncapturable } from "./uncapturable.ts";
import { unknownAggregate } from "./unknown-aggregate.ts";
import { unknownName } from "./unknown-name.ts";
import { unknownProperty } from "./unknown-property.ts";
import { unknownVerb } from "./unknown-verb.ts";
import { unsupportedType } from "./unsupported-type.ts";
import { varyingCondition } from "./varying-condition.ts";
import { varyingOperand } from "./varying-operand.ts";
import { varyingResult } from "./varying-result.ts";
import { verbArgument } from "./verb-argument.ts";
import { windowArgument } from "./window-argument.ts";
import { wrongArguments } from "./wrong-arguments.ts";
import { wrongOption } from "./wrong-option.ts";
import { wrongOperands } from "./wrong-operands.ts";

export const diagnosticPages: readonly DiagnosticPage[] = [
  misspeltDirective.page,
  misplacedDirective.page,
  notAnnotatable.page,
  notAsync.page,
  syntaxError.page,
  nestedTooDeeply.page,
  misspeltColumn.page,
  unknownVerb.page,
  joinKeyTypes.page,
  noCommonColumns.page,
  concatTypes.page,
  noInterface.page,
  unsupportedType.page,
  tableTypesDiffer.page,
  verbArgument.page,
  groupedTable.page,
  readerTypes.page,
  unknownAggregate.page,
  aggregateArgument.page,
  duplicateColumn.page,
  windowArgument.page,
  keyReplaced.page,
  absentColumn.page,
  wrongOption.page,
  arrayAsKey.page,
  wrongOperands.page,
  possiblyNull.page,
  noOverlap.page,
  unknownProperty.page,
  wrongArguments.page,
  aggregateInRowFunction.page,
  rowFunctionWrites.page,
  capturedChanged.page,
  impureRowFunction.page,
  asyncRowFunction.page,
  unknownName.page,
  mixedColumn.page,
  notAColumnValue.page,
  needsAnnotation.page,
  datesCompared.page,
  tableInRowFunction.page,
  localDateGetter.page,
  comparedWithUndefined.page,
  notARowFunction.page,
  alwaysDecided.page,
  shadowedCapture.page,
  scriptOfTwoRows.page,
  inlinedSecret.page,
  capturedWritten.page,
  syncObservation.page,
  missingAwait.page,
  varyingCondition.page,
  tableEscapes.page,
  recursiveHelper.page,
  uncapturable.page,
  rowLoop.page,
  effect.page,
  varyingOperand.page,
  gathering.page,
  leavesTry.page,
  noTables.page,
  argumentWritten.page,
  varyingResult.page,
];

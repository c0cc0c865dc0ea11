export { errorCodes, isErrorCode, type ErrorCode } from "./codes.ts";
export { LockstepError, type LockstepErrorDetails } from "./error.ts";
export { didYouMean } from "./near.ts";
export { engineError, partsOf, reportOf, rowError, rowThrown, type RowThrown } from "./row-error.ts";
export { notWritten, systemReason } from "./system.ts";

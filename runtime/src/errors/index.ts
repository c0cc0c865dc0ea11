export { errorCodes, isErrorCode, type ErrorCode } from "./codes.ts";
export { LockstepError, type LockstepErrorDetails } from "./error.ts";
export { didYouMean } from "./near.ts";
export { notWritten, systemReason } from "./system.ts";
export { nameClass, type Classes } from "./classes.ts";
export { engineError, packed, partsOf, reportOf, thrownOf, type Thrown } from "./thrown.ts";

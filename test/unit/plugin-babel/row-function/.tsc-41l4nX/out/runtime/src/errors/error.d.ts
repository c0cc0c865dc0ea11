import { type ErrorCode } from "./codes.ts";
/** What a {@link LockstepError} is made of. */
export interface LockstepErrorDetails {
    readonly code: ErrorCode;
    /** What happened, with the names and values concerned; may have several lines. */
    readonly message: string;
    /** `file:line:column` in the user's source. */
    readonly site?: string | undefined;
    readonly rank?: number | undefined;
    /** The chain of reasons, nearest first. */
    readonly why?: readonly string[] | undefined;
    /** How to mend it; the code's general advice where absent. */
    readonly fix?: string | undefined;
    readonly cause?: unknown;
}
/** An error of a running program: what, where, why and how to mend it; its stack has the user's frames only. */
export declare class LockstepError extends Error {
    readonly code: ErrorCode;
    readonly site: string | undefined;
    readonly rank: number | undefined;
    readonly why: readonly string[];
    readonly fix: string;
    constructor(details: LockstepErrorDetails);
    /** The general name of the error, e.g. "output exists". */
    get title(): string;
    toString(): string;
    /** As JSON: what ranks send each other and `--result` files hold. */
    toJSON(): LockstepErrorDetails;
    /** Makes one of the JSON text that the native addon throws as a message; `undefined` if it is something else. */
    static parse(text: string): LockstepError | undefined;
}

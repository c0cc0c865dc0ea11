import { errorCodes, isErrorCode, type ErrorCode } from "./codes.ts";

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
export class LockstepError extends Error {
  declare readonly code: ErrorCode;
  declare readonly site: string | undefined;
  declare readonly rank: number | undefined;
  declare readonly why: readonly string[];
  declare readonly fix: string;

  constructor(details: LockstepErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    const { code, site, rank, why = [], fix = errorCodes[code].fix } = details;
    // Not enumerable: Node prints the stack, which says it all, and would print these once more.
    for (const [key, value] of Object.entries({ name: "LockstepError", code, site, rank, why, fix })) Object.defineProperty(this, key, { value });
    Object.defineProperty(this, "stack", { value: [this.toString(), ...usersFrames(this.stack ?? "")].join("\n") });
  }

  /** The general name of the error, e.g. "output exists". */
  get title(): string {
    return errorCodes[this.code].title;
  }

  override toString(): string {
    // A command is no place in a source.
    const place = [this.site, this.rank === undefined ? undefined : `rank ${this.rank}`].filter((part) => part !== undefined && part !== "");
    const [what = "", ...more] = this.message.split("\n");
    return [
      `error ${this.code}: ${what}`,
      ...more.map((line) => `  ${line}`),
      ...(place.length > 0 ? [`  at ${place.join(", ")}`] : []),
      ...this.why.map((line) => `  because ${line}`),
      `  fix: ${this.fix}`,
    ].join("\n");
  }

  /** As JSON: what ranks send each other and `--result` files hold. */
  toJSON(): LockstepErrorDetails {
    const { code, message, site, rank, why, fix } = this;
    return { code, message, site, rank, why, fix };
  }

  /** Makes one of the JSON text that the native addon throws as a message; `undefined` if it is something else. */
  static parse(text: string): LockstepError | undefined {
    if (!text.startsWith("{")) return undefined;
    let fields: Record<string, unknown>;
    try {
      fields = JSON.parse(text) as Record<string, unknown>;
    } catch {
      return undefined;
    }
    const { code, message, site, rank, detail, why, fix } = fields;
    if (!isErrorCode(code) || typeof message !== "string") return undefined;
    return new LockstepError({
      code,
      message: typeof detail === "string" && detail !== "" ? `${message}\n${detail}` : message,
      site: typeof site === "string" ? site : undefined,
      rank: typeof rank === "number" ? rank : undefined,
      why: Array.isArray(why) ? why.filter((line) => typeof line === "string") : undefined,
      fix: typeof fix === "string" ? fix : undefined,
    });
  }
}

/** The folder of this package's modules. */
const own = new URL("..", import.meta.url).href;

function usersFrames(stack: string): string[] {
  return stack.split("\n").filter((line) => /^ +at /.test(line) && !line.includes(own) && !line.includes("(node:") && !line.includes("at node:"));
}

/** Requests to object stores: made again while that can help, and refused in our words. */
import { setTimeout as wait } from "node:timers/promises";
import { LockstepError } from "../../errors/index.ts";
import { requested } from "../../observe/usage.ts";
import { type Server, storeOf } from "./server.ts";

/** How often a request is made again. LS2015 */
function retries(): number {
  const said = process.env.LOCKSTEP_STORE_RETRIES;
  if (said === undefined) return 8;
  if (/^\d{1,9}$/.test(said)) return Number(said);
  throw new LockstepError({ code: "LS2015", message: "LOCKSTEP_STORE_RETRIES is no whole number", fix: "Set it to how often a request is made again: 8, or 0." });
}

const LONGEST = 4_000;
/** Half of this and half of it at random. */
const pause = (attempt: number): Promise<void> => wait(Math.min(LONGEST, 100 * 2 ** attempt) * (0.5 + Math.random() / 2));

/** Milliseconds for an answer, and bytes of a body that are sent in one of them on the slowest way that is waited for: 100 kB/s. */
const [PATIENCE, SLOWEST] = [60_000, 100];

/** A request to a store, before it is signed: GET of the bucket where nothing is said. */
export interface Call {
  readonly method?: string;
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** How often a request is made again, how many bytes it sends, and to whom: the store that is asked for, where nothing is said. */
export interface Asking {
  readonly again?: number | undefined;
  readonly bytes?: number | undefined;
  readonly server?: Server | undefined;
}

/** What makes a request; anew for each attempt, because a signature ages. */
export type Make = () => Promise<Request>;

/**
 * The answer of a store, body included, for the statuses in `expected`; with `lasting` errors it is asked again up to eight
 * times, or as often as `again` says. LS2001, LS2020, LS2021.
 */
export async function ask(source: string, make: Make, expected: readonly number[], { again = retries(), bytes = 0, server = storeOf(source) }: Asking = {}): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    let last: unknown;
    try {
      const request = await make();
      const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE + Math.ceil(bytes / SLOWEST)), redirect: "manual" });
      const body = new Uint8Array(await response.arrayBuffer());
      requested(Number(request.headers.get("content-length") ?? 0) + body.length);
      const text = (): string => new TextDecoder().decode(body.subarray(0, 4096));
      // S3 says 200 and then, in the body of a completion, that it failed.
      const failed = request.method === "POST" && response.status === 200 && /<Error>|<Code>(InternalError|SlowDown)</.test(text());
      if (expected.includes(response.status) && !failed) return { status: response.status, headers: response.headers, body };
      const passing = failed || response.status >= 500 || response.status === 429 || response.status === 408;
      if (!passing || attempt >= again) throw refused(source, response.status, text(), server);
    } catch (error) {
      if (error instanceof LockstepError) throw error;
      last = error;
      if (attempt >= again) throw unreachable(source, last, server);
    }
    await pause(attempt);
  }
}

const [expired, unknownKey, wrongSecret] = ["the credentials have expired", "the store does not know the access key", "the secret key is not the one of this access key (or the clock is wrong)"];

const reasons: Readonly<Record<string, readonly [code: "LS2001" | "LS2020", what: string, fix?: string]>> = {
  NoSuchBucket: ["LS2001", "there is no such bucket"],
  ContainerNotFound: ["LS2001", "there is no such bucket"],
  NoSuchKey: ["LS2001", "does not exist"],
  ExpiredToken: ["LS2020", expired, "Get new ones, and start the job again."],
  RequestExpired: ["LS2020", expired, "Get new ones, and start the job again."],
  InvalidAccessKeyId: ["LS2020", unknownKey],
  // versitygw's name of it.
  XAdminUserNotFound: ["LS2020", unknownKey],
  SignatureDoesNotMatch: ["LS2020", wrongSecret],
  AuthenticationFailed: ["LS2020", wrongSecret],
  RequestTimeTooSkewed: ["LS2020", "the clock of this machine is wrong", "Set it."],
  InvalidToken: ["LS2020", "the session token is not valid"],
};

function refused(source: string, status: number, text: string, { name, fixes }: Server): LockstepError {
  const code = /<Code>(\w{1,60})<\/Code>/.exec(text)?.[1];
  const [known, what, fix] = reasons[code ?? ""] ?? [];
  const answers = `${name} answers ${status}${code === undefined ? "" : ` ${code}`}`;
  if (known !== undefined) return new LockstepError({ code: known, message: `${source}: ${what}`, why: [answers], fix: fix ?? fixes[known] });
  if (status === 401 || status === 403) {
    return new LockstepError({ code: "LS2020", message: `${source}: access is denied`, why: [answers], fix: `Check what the credentials allow, and that they have not expired. ${fixes.LS2020}` });
  }
  if (status === 301 || status === 307) {
    return new LockstepError({ code: "LS2020", message: `${source}: the bucket is in another region`, fix: "Set AWS_REGION, or the option region." });
  }
  if (status === 404) return new LockstepError({ code: "LS2001", message: `${source}: does not exist`, fix: fixes.LS2001 });
  return new LockstepError({ code: "LS2021", message: `${source}: ${answers}`, fix: fixes.LS2021 });
}

function unreachable(source: string, error: unknown, { name, fixes }: Server): LockstepError {
  const { name: kind, cause } = error as Error & { cause?: { code?: string } };
  const late = kind === "TimeoutError" || cause?.code === "UND_ERR_HEADERS_TIMEOUT";
  const broke = cause?.code === "ECONNRESET" || cause?.code === "UND_ERR_SOCKET";
  const what = late ? `${name} does not answer in time` : broke ? `the connection to ${name} broke, again and again` : `${name} cannot be reached`;
  return new LockstepError({ code: "LS2021", message: `${source}: ${what}`, fix: fixes.LS2021 });
}

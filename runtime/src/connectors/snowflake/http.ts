/** Requests over HTTP that are made again while there is hope: Snowflake, and the stores that hold its results, refuse some now and then. */
import { setTimeout as pause } from "node:timers/promises";

/** What came, or why nothing did. */
export type Answer = { readonly status: number; readonly body: Buffer } | { readonly failed: string };

/** How long one waits for an answer, and for how much of it. */
export interface Patience {
  /** Of each attempt after the first, the URL by the number of those before it. */
  readonly again?: (attempt: number) => string;
  /** How often it is made again. */
  readonly retries?: number;
  /** Milliseconds without a byte. A query that takes longer is answered by a place to ask at again. */
  readonly silence?: number;
  /** Bytes of the body, unpacked where HTTP says it is packed: of a longer one the rest is not read. */
  readonly most?: number;
  /** Ends it, and its attempts. */
  readonly signal?: AbortSignal;
}

/** The last answer of so many attempts at most. A redirect is an answer: what is sent, which may open an account or a chunk, is for one server. */
export async function request(url: string, init: RequestInit, patience: Patience = {}): Promise<Answer> {
  const { again = () => url, retries = usualRetries(), signal } = patience;
  for (let attempt = 0; ; attempt++) {
    const answer = await once(attempt === 0 ? url : again(attempt), init, patience);
    if (attempt >= retries || signal?.aborted === true || !("failed" in answer || isBusy(answer.status))) return answer;
    // With a part left to chance, so that ranks and programs that failed together do not come back together. One that is ended fails at once.
    await pause(Math.min(100 * 2 ** attempt, 4_000) * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}

async function once(url: string, init: RequestInit, { silence = 90_000, most = Infinity, signal }: Patience): Promise<Answer> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), silence);
  try {
    const answer = await fetch(url, { ...init, redirect: "manual", signal: signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]) });
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of answer.body ?? []) {
      timer.refresh();
      parts.push(part);
      length += part.length;
      if (length > most) break;
    }
    return { status: answer.status, body: Buffer.concat(parts) };
  } catch (error) {
    return { failed: late.signal.aborted ? `no answer in ${silence / 1000} s` : reasonOf(error) };
  } finally {
    clearTimeout(timer);
  }
}

const isBusy = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** Of an object store, too: `connectors/src/store/profile.rs`. */
const usualRetries = (): number => {
  const said = process.env["LOCKSTEP_STORE_RETRIES"];
  return said !== undefined && /^\d{1,3}$/.test(said) ? Number(said) : 8;
};

/** The innermost cause by its code: what else is said may quote the URL or a header. */
function reasonOf(error: unknown): string {
  let inner = error as { cause?: unknown; code?: unknown };
  while (typeof inner.cause === "object" && inner.cause !== null) inner = inner.cause as typeof inner;
  return inner.code === "ECONNREFUSED" ? "connection refused" : typeof inner.code === "string" ? inner.code : "it broke";
}

/** Requests over HTTP that are made again while there is hope: Snowflake, and the stores that hold its results, refuse some now and then. */
import { setTimeout as pause } from "node:timers/promises";

/** What came, or why nothing did. */
export type Answer = { readonly status: number; readonly body: Buffer } | { readonly failed: string };

/** Milliseconds without a byte. A query that takes longer is answered by a place to ask at again. */
const SILENCE = 90_000;

/** The last answer of so many attempts at most; `again`: of each attempt, the number of those before it. */
export async function request(url: string, init: RequestInit, again: (attempt: number) => string = () => url): Promise<Answer> {
  for (let attempt = 0; ; attempt++) {
    const answer = await once(attempt === 0 ? url : again(attempt), init);
    if (attempt >= retries() || !("failed" in answer || isBusy(answer.status))) return answer;
    // With a part left to chance, so that ranks and programs that failed together do not come back together.
    await pause(Math.min(100 * 2 ** attempt, 4_000) * (0.5 + Math.random() / 2));
  }
}

async function once(url: string, init: RequestInit): Promise<Answer> {
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(SILENCE) });
    return { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) };
  } catch (error) {
    return { failed: reasonOf(error) };
  }
}

const isBusy = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** Of an object store, too: `connectors/src/store/profile.rs`. */
const retries = (): number => {
  const said = process.env["LOCKSTEP_STORE_RETRIES"];
  return said !== undefined && /^\d{1,3}$/.test(said) ? Number(said) : 8;
};

/** The innermost cause, without the URL. */
function reasonOf(error: unknown): string {
  let inner = error as { cause?: unknown; code?: string; name?: string; message?: string };
  while (typeof inner.cause === "object" && inner.cause !== null) inner = inner.cause as typeof inner;
  if (inner.name === "TimeoutError") return `no answer in ${SILENCE / 1000} s`;
  return inner.code === "ECONNREFUSED" ? "connection refused" : (inner.code ?? inner.message ?? "it broke");
}

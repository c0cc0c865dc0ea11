/** The local server, where the page has one: `lockstep playground` and `/__lockstep` of a development server. */
import { keep, kept } from "./storage.ts";

export const served = document.querySelector<HTMLMetaElement>('meta[name="lockstep-server"]')?.content === "yes";

const KEY = "lockstep-token";

/** The address that the server printed has the token; it leaves the bar at once, so that no link carries it away. */
function takeToken(): string | null {
  const address = new URL(location.href);
  const given = address.searchParams.get("token");
  if (given !== null) {
    keep("sessionStorage", KEY, given);
    address.searchParams.delete("token");
    history.replaceState(null, "", address);
  }
  return given ?? kept("sessionStorage", KEY);
}

export const token = served ? takeToken() : null;

/** Whether programs can be run here, and if not why. */
export const cannotRun: string | null = !served
  ? "This page is static files: it compiles, but has no ranks to run on. On your machine, `npx lockstep playground` runs programs, too."
  : token === null
    ? "Running needs the token of the local server: open the address that it printed."
    : null;

/** The texts of an answer's lines, as they come. */
export async function* linesOf(response: Response): AsyncGenerator<string> {
  let rest = "";
  try {
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      yield* lines.filter((line) => line !== "");
    }
  } catch {
    throw new Error("the local server has ended");
  }
}

/** Asks the local server. Rejects with the server's own sentence. */
export async function ask(path: string, options: RequestInit = {}): Promise<Response> {
  const response = await fetch(`./api/${path}`, { ...options, headers: { ...options.headers, authorization: `Bearer ${token ?? ""}` } }).catch((error: Error) => {
    throw options.signal?.aborted ? error : new Error("the local server does not answer: has it ended?");
  });
  if (response.ok) return response;
  throw new Error((await response.text()) || `the local server answered ${response.status}`);
}

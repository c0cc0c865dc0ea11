/** Requests in, answers out: the few forms that the API has. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** Bad input: its sentence is the answer. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What is asked for; a browser may be made to send anything. */
export function addressOf({ url }: IncomingMessage): URL {
  const address = `http://localhost${url}`;
  if (!url?.startsWith("/") || !URL.canParse(address)) throw new Refusal(400, "that is no address");
  return new URL(address);
}

export const json = (response: ServerResponse, value: unknown): void => jsonText(response, JSON.stringify(value));

/** What is JSON already. */
export function jsonText(response: ServerResponse, value: string): void {
  response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(value);
}

export function text(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
  response.end(message);
}

/** One JSON value a line, as they come; ends with the last, or when the page is gone. */
export async function lines(response: ServerResponse, values: AsyncIterable<unknown>): Promise<void> {
  response.writeHead(200, { "content-type": "application/x-ndjson", "cache-control": "no-store" });
  // The page learns that it is connected.
  response.write("\n");
  for await (const value of values) {
    if (response.destroyed) return;
    response.write(`${JSON.stringify(value)}\n`);
  }
  response.end();
}

/** Aborts when the page has gone before its answer. */
export function whenGone(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.destroyed) gone.abort();
  response.on("close", () => response.writableFinished || gone.abort());
  return gone.signal;
}

export async function body(request: IncomingMessage, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    // All is taken in: a browser reads no answer before it has sent its request.
    if (size <= most) pieces.push(piece);
  }
  if (size > most) throw new Refusal(413, `${Math.round(size / 1e6)} MB: this server takes at most ${Math.round(most / 1e6)} MB`);
  return Buffer.concat(pieces);
}

export async function bodyJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse((await body(request, 10_000_000)).toString());
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    if (error instanceof Refusal) throw error;
  }
  throw new Refusal(400, "the request is no JSON object");
}

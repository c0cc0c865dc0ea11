/**
 * A proxy between a program and a server of an object store: it counts requests, and does to them what a network and a
 * busy store do. It passes on the Host header as it came, which the signature covers.
 */
import { type ClientRequest, createServer, request as send, type IncomingMessage, type ServerResponse } from "node:http";
import type { Server } from "./servers.ts";

export interface Faults {
  /** Shares of the requests: answered 503, cut before they reach the server, done without an answer, with a body that ends early. */
  readonly busy?: number;
  readonly reset?: number;
  readonly lost?: number;
  readonly truncated?: number;
  /** Answered two seconds late. */
  readonly stalled?: number;
  /** Milliseconds of every request, and bytes a second of its answer. */
  readonly latency?: number;
  readonly bandwidth?: number;
}

export interface Asked {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
  readonly range: string | undefined;
  readonly status: number;
}

export interface Proxy extends Server {
  faults: Faults;
  /** Called with each request; what it says happens to it. */
  decide: ((request: { method: string; url: string }) => "crash" | "lost" | undefined) | undefined;
  /** The requests since the last call. */
  taken(): Asked[];
}

/** A generator of numbers between 0 and 1, the same for a seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

export async function proxy(server: Server, seed = 1): Promise<Proxy> {
  const next = random(seed);
  const target = new URL(server.endpoint);
  let asked: Asked[] = [];
  const state: { faults: Faults; decide: Proxy["decide"] } = { faults: {}, decide: undefined };
  const listener = createServer((incoming: IncomingMessage, outgoing: ServerResponse) => {
    const [path = "", query = ""] = (incoming.url ?? "").split("?");
    const note = (status: number): void => void asked.push({ method: incoming.method!, path, query, range: incoming.headers.range, status });
    const { busy = 0, reset = 0, lost = 0, truncated = 0, stalled = 0, latency = 0, bandwidth = Infinity } = state.faults;
    const fate = state.decide?.({ method: incoming.method!, url: incoming.url! });
    const [a, b, c, d, e] = [next(), next(), next(), next(), next()] as [number, number, number, number, number];
    incoming.on("error", () => undefined);
    outgoing.on("error", () => undefined);
    if (fate === "crash" || a < reset) {
      note(0);
      incoming.socket.destroy();
      return;
    }
    if (b < busy) {
      note(503);
      incoming.resume();
      outgoing.writeHead(503, { "content-type": "application/xml" }).end("<Error><Code>SlowDown</Code></Error>");
      return;
    }
    const onward: ClientRequest = send({ host: target.hostname, port: target.port, method: incoming.method, path: incoming.url, headers: incoming.headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("error", () => incoming.socket.destroy());
      answer.on("end", () => {
        const body = Buffer.concat(parts);
        note(answer.statusCode!);
        if (fate === "lost" || c < lost) {
          incoming.socket.destroy();
          return;
        }
        const reply = (): void => {
          outgoing.writeHead(answer.statusCode!, answer.headers);
          if (body.length > 1 && d < truncated) {
            outgoing.write(body.subarray(0, body.length >> 1), () => incoming.socket.destroy());
            return;
          }
          outgoing.end(body);
        };
        const delay = latency + (body.length / bandwidth) * 1000 + (e < stalled ? 2_000 : 0);
        if (delay > 0) setTimeout(reply, delay);
        else reply();
      });
    });
    onward.on("error", () => incoming.socket.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  const endpoint = `http://127.0.0.1:${port}`;
  return Object.assign(state, {
    name: `${server.name} behind a proxy`, bucket: server.bucket, endpoint,
    env: { ...server.env, AWS_ENDPOINT_URL: endpoint },
    taken: () => asked.splice(0),
    async stop() {
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  });
}

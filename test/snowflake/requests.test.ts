/** What only a server of the test's own can do wrong: it sends elsewhere, falls silent, counts wrongly, gives more than it says. Under plain Node, whose sessions are those of ranks. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { readSnowflake } from "@lockstep/runtime";
import { Field, Int32, Int64, makeData, RecordBatch, RecordBatchStreamWriter, Schema, Struct } from "apache-arrow";
import { afterEach, expect, it, vi } from "vitest";
import { request } from "../../runtime/src/connectors/snowflake/http.ts";
import { within } from "../stores/servers.ts";

const servers: ReturnType<typeof createServer>[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = (response: ServerResponse, value: unknown): void => void response.end(JSON.stringify(value));
type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that lets everybody in; `query` answers what is asked for, `rest` what has another path. */
const snowflake = (query: Handler, rest: Handler = (_, response) => json(response, { success: true })): Promise<string> =>
  listening((request, response) => (request.url!.startsWith("/session/v1/login-request") ? json(response, { success: true, data: { token: "t", masterToken: "m" } }) : (request.url!.startsWith("/queries/") ? query : rest)(request, response)));

/** Rows of a table there, or the error. */
const read = (url: string, retries = 0): Promise<unknown> =>
  within({ SNOWFLAKE_ACCOUNT: "a", SNOWFLAKE_HOST: "127.0.0.1", SNOWFLAKE_PORT: new URL(url).port, SNOWFLAKE_PROTOCOL: "http", SNOWFLAKE_USER: "ann", SNOWFLAKE_PASSWORD: "planted", LOCKSTEP_STORE_RETRIES: `${retries}` }, async () =>
    (await readSnowflake<{ V: number | null }>("t")).objects()).catch((error: unknown) => error);

const column = { name: "V", type: "FIXED", nullable: true, precision: 38, scale: 0 };
const answer = (data: object): object => ({ success: true, data: { queryResultFormat: "arrow", rowtype: [column], ...data } });

/** One batch of a column V, as a stream of Arrow. */
function stream(type: Int64 | Struct, data: ReturnType<typeof makeData>): Buffer {
  const schema = new Schema([new Field("V", type, true)]);
  const batch = new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: data.length, children: [data] }));
  return Buffer.from(RecordBatchStreamWriter.writeAll([batch]).toUint8Array(true));
}
const integers = (...values: bigint[]): Buffer => stream(new Int64(), makeData({ type: new Int64(), data: BigInt64Array.from(values) }));

it.each([301, 302, 303, 307, 308])("a redirect of status %i takes no login elsewhere", async (status) => {
  const came = vi.fn<Handler>((_, response) => json(response, { success: true, data: { token: "t" } }));
  const elsewhere = await listening(came);
  const url = await listening((_, response) => response.writeHead(status, { location: `${elsewhere}/` }).end('{"success":true,"data":{"token":"t"}}'));
  expect(await read(url)).toMatchObject({ code: "LS2021", message: expect.stringMatching(`sends elsewhere, with status ${status}`) });
  expect(came).not.toHaveBeenCalled();
});

it("a redirect of a chunk takes no key elsewhere", async () => {
  const came = vi.fn<Handler>((_, response) => response.end(integers(1n)));
  const elsewhere = await listening(came);
  const url = await snowflake(
    (_, response) => json(response, answer({ total: 1, chunkHeaders: { "x-key": "planted" }, chunks: [{ url: `${url}/chunk`, rowCount: 1 }] })),
    ({ url }, response) => (url === "/chunk" ? void response.writeHead(307, { location: `${elsewhere}/` }).end() : json(response, { success: true })),
  );
  expect(await read(url)).toMatchObject({ code: "LS2021", message: expect.stringMatching(/the store of the result answers with status 307/) });
  expect(came).not.toHaveBeenCalled();
});

it("what breaks is told by its code alone", async () => {
  expect(await request("http://planted:x@127.0.0.1:1/?sig=planted", {}, { retries: 0 })).toEqual({ failed: "it broke" });
  expect(await request("http://127.0.0.1:9/", { headers: { a: "planted\n" } }, { retries: 0 })).toEqual({ failed: "it broke" });
  const url = await listening((_, response) => response.destroy());
  expect(await request(url, {}, { retries: 0 })).toEqual({ failed: expect.stringMatching(/^(UND_ERR_SOCKET|ECONNRESET)$/) });
});

it("silence is counted from the last byte", async () => {
  const url = await listening(async ({ url }, response) => {
    for (let part = 0; part < (url === "/slow" ? 6 : 1); part++, await wait(100)) response.write("x");
    if (url === "/slow") response.end();
  });
  expect(await request(`${url}/slow`, {}, { retries: 0, silence: 300 })).toEqual({ status: 200, body: Buffer.from("xxxxxx") });
  expect(await request(`${url}/silent`, {}, { retries: 0, silence: 300 })).toEqual({ failed: "no answer in 0.3 s" });
});

it("a chunk that fails stops the others", async () => {
  let [asked, broken] = [0, 0];
  const url = await snowflake(
    (_, response) => json(response, answer({ total: 50, chunks: Array.from({ length: 50 }, (_, index) => ({ url: `${url}/chunk/${index}`, rowCount: 1 })) })),
    ({ url }, response) => {
      if (!url!.startsWith("/chunk")) return json(response, { success: true });
      asked++;
      if (url === "/chunk/3") return void response.writeHead(403).end();
      // These would take for ever.
      response.on("close", () => broken++);
      response.write("x");
    },
  );
  expect(await read(url)).toMatchObject({ code: "LS2021", message: expect.stringMatching(/chunk 4 of 50.*status 403/) });
  await vi.waitFor(() => expect(broken).toBe(7));
  expect(asked).toBe(8);
});

it("an error does not wait for the session's end", async () => {
  let closing = 0;
  const url = await snowflake((_, response) => json(response, { success: false, code: "002003", message: "no such table" }), () => void closing++);
  const began = performance.now();
  expect(await read(url, 8)).toMatchObject({ code: "LS2001" });
  expect(performance.now() - began).toBeLessThan(4_000);
  expect(closing).toBe(1);
}, 10_000);

it("asks again after pauses that grow, but not for ever", async () => {
  const times: number[] = [];
  const query: Handler = (_, response) => {
    times.push(performance.now());
    json(response, times.length === 5 ? answer({ total: 1, rowsetBase64: integers(5n).toString("base64") }) : { success: true, code: "333334", data: { getResultUrl: "/queries/1/result" } });
  };
  expect(await read(await snowflake(query))).toEqual([{ V: 5 }]);
  const pauses = times.slice(1).map((time, index) => time - times[index]!);
  for (const [index, least] of [95, 195, 395, 795].entries()) expect(pauses[index]).toBeGreaterThan(least);
  // Eight days later.
  let days = 0;
  const now = Date.now;
  vi.spyOn(Date, "now").mockImplementation(() => now() + 86_400_000 * days);
  const url = await snowflake((_, response) => {
    days = times.push(0) > 6 ? 8 : 0;
    json(response, { success: true, code: "333334", data: { getResultUrl: "/queries/1/result" } });
  });
  expect(await read(url)).toMatchObject({ code: "LS2021", message: expect.stringMatching(/runs longer than Snowflake lets any statement/) });
});

const first = integers(1n, 2n).toString("base64");
it.each([
  ["a part of a row", { total: 4, chunks: [{ rowCount: 1.5 }] }], ["a text", { total: 4, chunks: [{ rowCount: "2" }] }], ["none of a chunk", { total: 4, chunks: [{}] }], ["fewer than none", { total: 1, chunks: [{ rowCount: -1 }] }],
  ["more than all", { total: 4, chunks: [{ rowCount: 5 }] }], ["none of all", {}], ["no row that came", { total: 2, rowsetBase64: "" }], ["all as a text", { total: "2" }], ["endless", { total: 2 ** 53 }],
] as [string, { chunks?: object[] }][])("a count that is %s", async (_, { chunks, ...said }) => {
  const url = await snowflake((_, response) => json(response, answer({ rowsetBase64: first, ...said, ...(chunks && { chunks: chunks.map((chunk) => ({ url: `${url}/chunk`, ...chunk })) }) })));
  expect(await read(url)).toMatchObject({ code: "LS2005", message: expect.stringMatching(/numbers of rows that Snowflake says .* do not agree/) });
});

it("an instant whose seconds or fraction are null is null", async () => {
  const type = new Struct([new Field("epoch", new Int64(), true), new Field("fraction", new Int32(), true)]);
  const children = [makeData({ type: new Int64(), data: BigInt64Array.of(1n, 0n, 3n), nullBitmap: Uint8Array.of(0b101) }), makeData({ type: new Int32(), data: Int32Array.of(5e8, 0, 0), nullBitmap: Uint8Array.of(0b011) })];
  const rows = stream(type, makeData({ type, length: 3, children })).toString("base64");
  const url = await snowflake((_, response) => json(response, { success: true, data: { queryResultFormat: "arrow", rowtype: [{ ...column, type: "TIMESTAMP_NTZ", scale: 9 }], total: 3, rowsetBase64: rows } }));
  expect(await read(url)).toEqual([{ V: new Date(1_500) }, { V: null }, { V: null }]);
});

it.each([["here", {}], ["by HTTP", { "content-encoding": "gzip" }]])("a chunk that is far larger than is said, unpacked %s", async (_, headers) => {
  const bomb = gzipSync(Buffer.alloc(50 << 20), { level: 1 });
  const url = await snowflake(
    (_, response) => json(response, answer({ total: 1, chunks: [{ url: `${url}/chunk`, rowCount: 1, compressedSize: bomb.length, uncompressedSize: 500 }] })),
    ({ url }, response) => (url === "/chunk" ? void response.writeHead(200, headers as object).end(bomb) : json(response, { success: true })),
  );
  expect(await read(url)).toMatchObject({ code: "LS2005", message: expect.stringMatching(/chunk 1 of 1 is damaged or not complete: it has many more bytes than Snowflake says/) });
});

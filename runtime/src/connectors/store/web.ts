/** Files of a web server, read only. */
import { LockstepError } from "../../errors/index.ts";
import type { Location } from "./location.ts";
import { ask } from "./request.ts";
import type { ObjectStore } from "./store.ts";

export function openWeb({ root, query }: Location): ObjectStore {
  const url = (key: string): string => `${root}/${key}`;
  // Of a signed URL only GET is signed.
  const get: ObjectStore["get"] = async (key, range) => {
    const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end - 1}` } : {};
    const answer = await ask(url(key), async () => new Request(url(key) + query, { headers }), [200, 206, 404]);
    if (answer.status === 404) return undefined;
    const tag = answer.headers.get("etag") ?? answer.headers.get("last-modified") ?? "";
    return { bytes: answer.body, tag, version: tag };
  };
  const readOnly = (): never => {
    throw new LockstepError({ code: "LS2015", message: `${root}: over http and https files are read, not written` });
  };
  return {
    url,
    get,
    list: async () => [],
    names: async () => [],
    async head(key) {
      const range = { range: "bytes=0-0" };
      const answer = await ask(url(key), async () => new Request(url(key) + query, { headers: range }), [200, 206, 404, 416]);
      if (answer.status === 404) return undefined;
      const size = Number(/\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1] ?? answer.headers.get("content-length") ?? 0);
      return { key, size, tag: answer.headers.get("etag") ?? answer.headers.get("last-modified") ?? "" };
    },
    put: readOnly, remove: readOnly, begin: readOnly, piece: readOnly, complete: readOnly, abort: readOnly,
  };
}

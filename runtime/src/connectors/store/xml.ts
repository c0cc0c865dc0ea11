/** The REST interface of S3, which Google's store has, too. */
import { LockstepError } from "../../errors/index.ts";
import { ask, type Answer, type Call } from "./request.ts";
import { encodeKey, type Condition, type Listed, type ObjectStore } from "./store.ts";

/** In what the clouds differ. */
export interface Dialect {
  readonly root: string;
  /** The bucket's URL. */
  readonly base: string;
  sign(url: string, init: RequestInit): Promise<Request>;
  condition(condition: Condition): Record<string, string>;
  /** What a conditional put names of the version that it replaces. */
  tagOf(headers: Headers): string;
}

export function xmlStore({ root, base, sign, condition: conditionOf, tagOf }: Dialect): ObjectStore {
  const url = (key: string): string => `${root}/${key}`;

  const call = (source: string, { method = "GET", key = "", query = {}, headers = {}, body }: Call, expected: readonly number[]): Promise<Answer> => {
    const target = new URL(key === "" ? base : `${base}/${encodeKey(key)}`);
    for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
    const init = { method, headers, ...(body !== undefined && { body: body as NonNullable<RequestInit["body"]> }) };
    return ask(source, () => sign(target.href, init), expected, { bytes: body?.length });
  };

  return {
    url,
    async list(prefix) {
      const found: Listed[] = [];
      for (let token: string | undefined; ; ) {
        const query = { "list-type": "2", "encoding-type": "url", ...(prefix !== "" && { prefix: `${prefix}/` }), ...(token && { "continuation-token": token }) };
        const text = textOf(await call(url(prefix), { query }, [200]));
        for (const [, entry] of text.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
          const key = keyOf(text, element(entry!, "Key"));
          // A folder that a console made is an empty object.
          if (!key.endsWith("/")) found.push({ key, size: Number(element(entry!, "Size")), tag: bare(unescape(element(entry!, "ETag"))), modified: new Date(element(entry!, "LastModified")) });
        }
        token = element(text, "IsTruncated") === "true" ? unescape(element(text, "NextContinuationToken")) : undefined;
        if (token === undefined) return found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
      }
    },
    async names(prefix) {
      const query = { "list-type": "2", "encoding-type": "url", delimiter: "/", ...(prefix !== "" && { prefix: `${prefix}/` }) };
      const text = textOf(await call(url(prefix), { query }, [200]));
      const prefixes = [...text.matchAll(/<CommonPrefixes>\s*<Prefix>(.*?)<\/Prefix>/gs)].map(([, found]) => keyOf(text, found!));
      const keys = [...text.matchAll(/<Key>(.*?)<\/Key>/gs)].map(([, found]) => keyOf(text, found!));
      return [...prefixes, ...keys].map((path) => path.replace(/\/$/, "").split("/").at(-1)!);
    },
    async head(key) {
      const { status, headers } = await call(url(key), { method: "HEAD", key }, [200, 404]);
      return status === 404 ? undefined : { key, size: Number(headers.get("content-length")), tag: bare(headers.get("etag") ?? "") };
    },
    async get(key, range) {
      const headers: Record<string, string> = range ? { range: `bytes=${range.start}-${range.end - 1}` } : {};
      const answer = await call(url(key), { key, headers }, [200, 206, 404]);
      if (answer.status !== 404) return { bytes: answer.body, tag: bare(answer.headers.get("etag") ?? ""), version: tagOf(answer.headers) };
      if (textOf(answer).includes("NoSuchBucket")) throw new LockstepError({ code: "LS2001", message: `${url(key)}: there is no such bucket` });
      return undefined;
    },
    async put(key, bytes, condition) {
      const headers = condition ? conditionOf(condition) : {};
      const { status } = await call(url(key), { method: "PUT", key, headers, body: bytes }, condition ? [200, 304, 404, 409, 412] : [200]);
      return status === 200;
    },
    async remove(key) {
      await call(url(key), { method: "DELETE", key }, [200, 204, 404]);
    },
    async begin(key) {
      return unescape(element(textOf(await call(url(key), { method: "POST", key, query: { uploads: "" }, body: "" }, [200])), "UploadId"));
    },
    async piece(key, upload, index, bytes) {
      const answer = await call(url(key), { method: "PUT", key, query: { partNumber: `${index + 1}`, uploadId: upload }, body: bytes }, [200]);
      return answer.headers.get("etag") ?? "";
    },
    async complete(key, upload, pieces) {
      const parts = pieces.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escape(tag)}</ETag></Part>`).join("");
      const body = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts}</CompleteMultipartUpload>`;
      return (await call(url(key), { method: "POST", key, query: { uploadId: upload }, headers: { "content-type": "application/xml" }, body }, [200, 404])).status === 200;
    },
    async abort(key, upload) {
      await call(url(key), { method: "DELETE", key, query: { uploadId: upload } }, [200, 204, 404]);
    },
  };
}

const textOf = ({ body }: Answer): string => new TextDecoder().decode(body);
const element = (text: string, name: string): string => new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(text)?.[1] ?? "";
const signs: Readonly<Record<string, string>> = { "&quot;": '"', "&#34;": '"', "&apos;": "'", "&#39;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const unescape = (text: string): string => text.replace(/&(?:quot|#34|apos|#39|lt|gt|amp);/g, (sign) => signs[sign]!);
/** Some listings have tags without the quotes that headers have. */
const bare = (tag: string): string => tag.replace(/^"|"$/g, "");
const escape = (text: string): string => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]!);
/** Keys of a listing are encoded as in a URL, by servers that do as they were asked. */
const keyOf = (listing: string, key: string): string =>
  element(listing, "EncodingType") === "url" ? decodeURIComponent(unescape(key).replaceAll("+", " ")) : unescape(key);

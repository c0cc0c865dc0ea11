/** Azure's Blob Storage by its REST interface. An upload in pieces is a list of blocks: named, then committed together. */
import { LockstepError } from "../../errors/index.ts";
import { azureAuthority, type Authorise, emulated } from "./azure-credentials.ts";
import type { Location } from "./location.ts";
import { enabled, type StoreOptions } from "./options.ts";
import { ask, type Answer, type Call } from "./request.ts";
import { noCredentials } from "./server.ts";
import { encodeKey, type Listed, type ObjectStore } from "./store.ts";

/** LS2020 where the environment names no account or has no credentials. */
export async function openAz({ root, bucket }: Location, options: StoreOptions): Promise<ObjectStore> {
  const env = process.env;
  const emulator = enabled("AZURE_STORAGE_USE_EMULATOR");
  const key = env.AZURE_STORAGE_ACCOUNT_KEY || env.AZURE_STORAGE_ACCESS_KEY;
  const account = emulator ? { name: env.AZURE_STORAGE_ACCOUNT_NAME || emulated.name, key: key || emulated.key! } : { name: env.AZURE_STORAGE_ACCOUNT_NAME ?? "", ...(key && { key }) };
  const anonymous = options.anonymous ?? enabled("AZURE_SKIP_SIGNATURE");
  const authorise = anonymous ? undefined : azureAuthority(root, account);
  if (account.name === "") throw noCredentials(root);
  const standard = emulator ? `${(env.AZURITE_BLOB_STORAGE_URL ?? "http://127.0.0.1:10000").replace(/\/$/, "")}/${account.name}` : `https://${account.name}.blob.core.windows.net`;
  const base = `${(options.endpoint ?? (env.AZURE_STORAGE_ENDPOINT || env.AZURE_ENDPOINT || standard)).replace(/\/$/, "")}/${bucket}`;
  return azStore(root, base, authorise);
}

/** `base`: the container's URL. */
export function azStore(root: string, base: string, authorise: Authorise | undefined): ObjectStore {
  const url = (key: string): string => `${root}/${key}`;

  const call = (source: string, { method = "GET", key = "", query = {}, headers = {}, body }: Call, expected: readonly number[]): Promise<Answer> => {
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    return ask(source, async () => {
      const target = new URL(key === "" ? base : `${base}/${encodeKey(key)}`);
      for (const [name, value] of Object.entries(query)) target.searchParams.set(name, value);
      const all: Record<string, string> = { "x-ms-version": "2021-12-02", ...headers, ...(bytes && { "content-length": `${bytes.length}` }) };
      await authorise?.(method, target, all);
      delete all["content-length"];
      return new Request(target, { method, headers: all, ...(bytes && { body: bytes as NonNullable<RequestInit["body"]> }) });
    }, expected, { bytes: bytes?.length });
  };

  const listing = async (prefix: string, more: Record<string, string>): Promise<string> => {
    let text = "";
    for (let marker = ""; ; ) {
      const query = { restype: "container", comp: "list", ...(prefix !== "" && { prefix: `${prefix}/` }), ...(marker && { marker }), ...more };
      const page = textOf(await call(url(prefix), { query }, [200]));
      text += page;
      marker = element(page, "NextMarker");
      if (marker === "") return text;
    }
  };

  return {
    url,
    async list(prefix) {
      const found: Listed[] = [];
      for (const [, blob] of (await listing(prefix, {})).matchAll(/<Blob>(.*?)<\/Blob>/gs)) {
        found.push({ key: unescape(element(blob!, "Name")), size: Number(element(blob!, "Content-Length")), tag: quoted(unescape(element(blob!, "Etag"))), modified: new Date(element(blob!, "Last-Modified")) });
      }
      return found.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    },
    async names(prefix) {
      const text = await listing(prefix, { delimiter: "/" });
      return [...text.matchAll(/<Name>(.*?)<\/Name>/gs)].map(([, name]) => unescape(name!).replace(/\/$/, "").split("/").at(-1)!);
    },
    async head(key) {
      const { status, headers } = await call(url(key), { method: "HEAD", key }, [200, 404]);
      return status === 404 ? undefined : { key, size: Number(headers.get("content-length")), tag: quoted(headers.get("etag") ?? "") };
    },
    async get(key, range) {
      const headers: Record<string, string> = range ? { "x-ms-range": `bytes=${range.start}-${range.end - 1}` } : {};
      const answer = await call(url(key), { key, headers }, [200, 206, 404]);
      if (answer.status !== 404) {
        const tag = quoted(answer.headers.get("etag") ?? "");
        return { bytes: answer.body, tag, version: tag };
      }
      if (textOf(answer).includes("ContainerNotFound")) throw new LockstepError({ code: "LS2001", message: `${url(key)}: there is no such bucket` });
      return undefined;
    },
    async put(key, bytes, condition) {
      const only: Record<string, string> = condition ? ("absent" in condition ? { "if-none-match": "*" } : { "if-match": condition.tag }) : {};
      const headers = { "x-ms-blob-type": "BlockBlob", "content-type": "application/octet-stream", ...only };
      return (await call(url(key), { method: "PUT", key, headers, body: bytes }, condition ? [201, 404, 409, 412] : [201])).status === 201;
    },
    async remove(key) {
      await call(url(key), { method: "DELETE", key }, [202, 404]);
    },
    // Blocks are known by the blob's name: there is nothing to begin, and nothing to give up but to wait.
    begin: async () => "blocks",
    abort: async () => undefined,
    async piece(key, _upload, index, bytes) {
      const id = index.toString(16).padStart(20, "0");
      const query = { comp: "block", blockid: Buffer.from(id).toString("base64") };
      await call(url(key), { method: "PUT", key, query, headers: { "content-type": "application/octet-stream" }, body: bytes }, [201]);
      return id;
    },
    async complete(key, _upload, pieces) {
      const blocks = pieces.map((id) => `<Uncommitted>${Buffer.from(id).toString("base64")}</Uncommitted>`).join("");
      const body = `<?xml version="1.0" encoding="utf-8"?><BlockList>${blocks}</BlockList>`;
      return (await call(url(key), { method: "PUT", key, query: { comp: "blocklist" }, headers: { "content-type": "application/xml" }, body }, [201, 400, 404])).status === 201;
    },
  };
}

const textOf = ({ body }: Answer): string => new TextDecoder().decode(body);
const element = (text: string, name: string): string => new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(text)?.[1] ?? "";
const signs: Readonly<Record<string, string>> = { "&quot;": '"', "&apos;": "'", "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const unescape = (text: string): string => text.replace(/&(?:quot|apos|lt|gt|amp);/g, (sign) => signs[sign]!);
/** Listings have tags without the quotes that headers have. */
const quoted = (tag: string): string => (tag === "" || tag.startsWith('"') ? tag : `"${tag}"`);

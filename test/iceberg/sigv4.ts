/**
 * Signatures of requests as AWS has them (Signature Version 4), verified: written from AWS's description of them, and shares nothing with what signs. In front
 * of a catalog it lets through what is signed rightly by a known key, for one service and one region, a little while ago.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Catalog } from "./servers.ts";

/** A request as it came over the wire; headers in order, of any case, names as often as they came. */
export interface Received {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

export interface Key {
  readonly secret: string;
  /** The token of a session, which has to come with the request. */
  readonly token?: string;
}

export interface Asked {
  readonly service: string;
  readonly region: string;
  readonly keys: Readonly<Record<string, Key>>;
  readonly now: Date;
}

/** Why a request is refused; undefined: it is signed rightly. */
export function refusal({ method, target, headers, body }: Received, { service, region, keys, now }: Asked): string | undefined {
  const all = (name: string): string[] => headers.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
  const [authorization = ""] = all("authorization");
  const [, id = "", day = "", ofRegion = "", ofService = "", signedNames = "", signature = ""] = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(authorization) ?? [];
  if (id === "") return "not signed";
  const key = Object.hasOwn(keys, id) ? keys[id]! : undefined;
  if (!key) return "unknown key";
  if (ofRegion !== region || ofService !== service) return `signed for ${ofService} in ${ofRegion}`;
  const [date = ""] = all("x-amz-date");
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!date.startsWith(day) || !(Math.abs(at - now.getTime()) <= 15 * 60_000)) return "expired";
  if ((all("x-amz-security-token")[0] ?? undefined) !== key.token) return "wrong token";
  const names = signedNames.split(";");
  if (!names.includes("host") || names.some((name, index) => index > 0 && names[index - 1]! >= name)) return "headers that are not in order, or without the host";
  // A header of AWS' own that is not signed could be anybody's.
  const unsigned = headers.map(([name]) => name.toLowerCase()).find((name) => name.startsWith("x-amz-") && name !== "x-amz-security-token" && !names.includes(name));
  if (unsigned !== undefined) return `${unsigned} is not signed`;
  const [path = "", ...query] = target.split("?");
  const said = all("x-amz-content-sha256")[0];
  const hash = sha256(body);
  if (said !== undefined && said !== hash) return "another body";
  const canonical = [
    method, canonicalPath(path, service), canonicalQuery(query.join("?")),
    ...names.map((name) => `${name}:${all(name).map((value) => value.trim().replace(/ +/g, " ")).join(",")}`), "",
    signedNames, hash,
  ].join("\n");
  const text = ["AWS4-HMAC-SHA256", date, `${day}/${region}/${service}/aws4_request`, sha256(canonical)].join("\n");
  const signingKey = [day, region, service, "aws4_request"].reduce<Buffer>((secret, part) => hmac(secret, part), Buffer.from(`AWS4${key.secret}`));
  return timingSafeEqual(hmac(signingKey, text), Buffer.from(signature, "hex")) ? undefined : "another signature";
}

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** All but letters, digits and -._~ as bytes of UTF-8. */
const encoded = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** As it was sent, without what leads nowhere, encoded once more; of S3 it is taken as it is. */
function canonicalPath(path: string, service: string): string {
  if (service === "s3") return path;
  const kept: string[] = [];
  for (const segment of path.split("/").filter((segment) => segment !== "" && segment !== ".")) {
    if (segment === "..") kept.pop();
    else kept.push(encoded(segment));
  }
  const end = kept.length > 0 && /\/\.{0,2}$/.test(path) ? "/" : "";
  return `/${kept.join("/")}${end}`;
}

function canonicalQuery(query: string): string {
  if (query === "") return "";
  const pairs = query.split("&").map((pair) => {
    const [name = "", ...value] = pair.split("=");
    return [encoded(decodeURIComponent(name)), encoded(decodeURIComponent(value.join("=")))] as const;
  });
  const before = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return pairs.sort(([a, x], [b, y]) => before(a, b) || before(x, y)).map((pair) => pair.join("=")).join("&");
}

/** A catalog that lets through what is signed, and says of the rest why not. */
export async function signedOnly(catalog: Catalog, asked: Omit<Asked, "now">): Promise<Catalog & { readonly seen: { readonly method: string; readonly target: string; readonly key: string; readonly refused: string | undefined }[] }> {
  const seen: { method: string; target: string; key: string; refused: string | undefined }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const headers = Array.from({ length: request.rawHeaders.length / 2 }, (_, n) => [request.rawHeaders[2 * n]!, request.rawHeaders[2 * n + 1]!] as const);
    const received: Received = { method: request.method!, target: request.url!, headers, body };
    const refused = refusal(received, { ...asked, now: new Date() });
    seen.push({ method: received.method, target: received.target, key: /Credential=([^/]+)/.exec(request.headers.authorization ?? "")?.[1] ?? "", refused });
    if (refused !== undefined) return void response.writeHead(403, { "content-type": "application/json" }).end(JSON.stringify({ message: refused }));
    const answer = await fetch(catalog.uri + request.url, { method: request.method!, headers: { accept: "application/json", "content-type": "application/json" }, ...(request.method === "POST" && { body }) });
    response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, stop: () => new Promise((resolve) => server.close(() => resolve())) };
}

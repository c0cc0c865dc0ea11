/** The built page, as a static host would serve it, but saying that there is a server. */
import { createReadStream, existsSync, readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { extname, join } from "node:path";
import { pipeline } from "node:stream";
import { fileURLToPath } from "node:url";
import { Refusal, text } from "./answer.ts";

/** What to say where the page is not. */
export const notBuilt = "the playground's page is not built: npm run build -w playground";

const folder = fileURLToPath(new URL("../app/", import.meta.url));
const types: Readonly<Record<string, string>> = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

const headers = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
};

export const isBuilt = (): boolean => existsSync(join(folder, "index.html"));

export function servePage(path: string, response: ServerResponse): void {
  const name = path === "/" ? "index.html" : path.slice(1);
  // Names that the build makes, nothing that leads elsewhere.
  if (!/^(index\.html|assets\/[\w.-]+)$/.test(name) || !existsSync(join(folder, name))) {
    if (name === "index.html") throw new Refusal(503, notBuilt);
    return text(response, 404, "not found");
  }
  const type = types[extname(name)] ?? "application/octet-stream";
  if (name === "index.html") {
    const html = readFileSync(join(folder, name), "utf8").replace('name="lockstep-server" content=""', 'name="lockstep-server" content="yes"');
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1]?.replaceAll("&#39;", "'") ?? "default-src 'none'";
    response.writeHead(200, { ...headers, "content-type": type, "cache-control": "no-store", "content-security-policy": `${policy}; frame-ancestors 'none'` });
    response.end(html);
    return;
  }
  // Assets have a hash in their names.
  response.writeHead(200, { ...headers, "content-type": type, "cache-control": "public, max-age=31536000, immutable" });
  // A page that is built again meanwhile has other names: the browser asks again.
  pipeline(createReadStream(join(folder, name)), response, () => undefined);
}

/** What a test sees of a bucket: by a client of its own, so that ours are not checked by themselves. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AwsClient } from "aws4fetch";
import { BUCKET, type Server } from "./servers.ts";

export class Bucket {
  readonly #client: AwsClient;
  readonly #base: string;

  constructor({ endpoint, env }: Server) {
    this.#base = `${endpoint}/${BUCKET}`;
    this.#client = new AwsClient({ accessKeyId: env.AWS_ACCESS_KEY_ID!, secretAccessKey: env.AWS_SECRET_ACCESS_KEY!, service: "s3", region: "us-east-1", retries: 3 });
  }

  async put(key: string, bytes: Uint8Array | string): Promise<void> {
    await this.#ask("PUT", `/${key}`, bytes);
  }

  async get(key: string): Promise<Uint8Array> {
    return new Uint8Array(await (await this.#ask("GET", `/${key}`)).arrayBuffer());
  }

  async remove(key: string): Promise<void> {
    await this.#ask("DELETE", `/${key}`);
  }

  /** All keys that begin with `prefix`, with sizes. */
  async list(prefix = ""): Promise<Map<string, number>> {
    const text = await (await this.#ask("GET", `?list-type=2&prefix=${encodeURIComponent(prefix)}`)).text();
    return new Map([...text.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(([, entry]) => [/<Key>(.*?)<\/Key>/s.exec(entry!)![1]!, Number(/<Size>(\d+)/.exec(entry!)![1])]));
  }

  /** Uploads in pieces that nobody has completed or given up. */
  async uploads(): Promise<string[]> {
    const text = await (await this.#ask("GET", "?uploads")).text();
    return [...text.matchAll(/<Upload>.*?<Key>(.*?)<\/Key>/gs)].map(([, key]) => key!);
  }

  /** Puts a local file or the files below a folder. */
  async copy(path: string, key: string): Promise<void> {
    if (statSync(path).isFile()) return this.put(key, readFileSync(path));
    for (const name of readdirSync(path)) await this.copy(join(path, name), `${key}/${name}`);
  }

  async #ask(method: string, place: string, body?: Uint8Array | string): Promise<Response> {
    const path = place.startsWith("?") ? place : place.split("/").map(encodeURIComponent).join("/");
    const response = await this.#client.fetch(this.#base + path, { method, ...(body !== undefined && { body: body as NonNullable<RequestInit["body"]> }) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  }
}

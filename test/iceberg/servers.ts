/** The Iceberg project's own REST catalog, over an S3 server, and a guard in front of it that asks for a token. */
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { mavenLibrary } from "../stores/install.ts";
import { BUCKET, freePort, type Server } from "../stores/servers.ts";

export interface Catalog {
  readonly uri: string;
  stop(): Promise<void>;
}

const iceberg = ["org.apache.iceberg:iceberg-open-api:1.10.0:test-fixtures", "org.apache.iceberg:iceberg-core:1.10.0", "org.apache.iceberg:iceberg-core:1.10.0:tests", "org.apache.iceberg:iceberg-api:1.10.0", "org.apache.iceberg:iceberg-aws:1.10.0", "org.apache.iceberg:iceberg-aws-bundle:1.10.0"];
const others = ["org.eclipse.jetty:jetty-server:11.0.26", "org.eclipse.jetty:jetty-servlet:11.0.26", "org.xerial:sqlite-jdbc:3.50.3.0", "org.slf4j:slf4j-simple:2.0.17", "org.apache.hadoop:hadoop-client-api:3.4.2", "org.apache.hadoop:hadoop-client-runtime:3.4.2"];

/** The folder of Java's Iceberg. */
export const icebergLibrary = (): Promise<string> => mavenLibrary("iceberg-rest-1.10.0", [...iceberg, ...others]);

/** Its tables are in the bucket of `store`. */
export async function restCatalog(store: Server): Promise<Catalog> {
  const library = await icebergLibrary();
  const folder = mkdtempSync(join(tmpdir(), "lockstep-catalog-"));
  const port = await freePort();
  const child = spawn("java", ["-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", join(library, "*"), "org.apache.iceberg.rest.RESTCatalogServer"], {
    env: {
      ...process.env,
      CATALOG_WAREHOUSE: `s3://${BUCKET}/warehouse`, CATALOG_URI: `jdbc:sqlite:${join(folder, "catalog.db")}`, CATALOG_REST_PORT: `${port}`,
      AWS_REGION: "us-east-1", CATALOG_IO__IMPL: "org.apache.iceberg.aws.s3.S3FileIO", CATALOG_S3_ENDPOINT: store.endpoint, CATALOG_S3_PATH__STYLE__ACCESS: "true",
      CATALOG_S3_ACCESS__KEY__ID: store.env.AWS_ACCESS_KEY_ID, CATALOG_S3_SECRET__ACCESS__KEY: store.env.AWS_SECRET_ACCESS_KEY,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
  const uri = `http://127.0.0.1:${port}`;
  for (let left = 300; !(await fetch(`${uri}/v1/config`).then(({ ok }) => ok, () => false)); left--) {
    if (left === 0 || child.exitCode !== null) throw new Error(`the catalog does not start\n${errors.slice(-2000)}`);
    await wait(100);
  }
  return {
    uri,
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A catalog that lets through who has the token, which it gives for the client's secret, until it `expires`. */
export async function guarded(catalog: Catalog, client: string, secret: string, token: string, expires: (request: IncomingMessage) => boolean = () => false): Promise<Catalog & { readonly tokens: () => number }> {
  let tokens = 0;
  const server = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (request.url === "/v1/oauth/tokens") {
      const said = new URLSearchParams(body);
      const right = said.get("client_id") === client && said.get("client_secret") === secret && said.get("grant_type") === "client_credentials";
      tokens += 1;
      response.writeHead(right ? 200 : 401, { "content-type": "application/json" }).end(right ? JSON.stringify({ access_token: token, token_type: "bearer" }) : "{}");
    } else if (request.headers.authorization !== `Bearer ${token}` || expires(request)) {
      response.writeHead(401).end("{}");
    } else {
      const headers = { accept: "application/json", "content-type": "application/json" };
      const answer = await fetch(catalog.uri + request.url, { method: request.method!, headers, ...(request.method === "POST" && { body }) });
      response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens: () => tokens,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request) text += String(part);
  return text;
}

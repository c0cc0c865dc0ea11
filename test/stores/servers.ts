/** Servers of object stores on this machine's loopback, each with a bucket, started for a test and stopped by their process id. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { azureAuthority, emulated } from "../../runtime/src/connectors/store/azure-credentials.ts";
import { goProgram, jar, npmPackage } from "./install.ts";

export interface Server {
  readonly name: string;
  readonly endpoint: string;
  readonly bucket: string;
  /** What the environment of a program says to reach it, credentials included. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export const BUCKET = "lockstep";
/** What must appear nowhere. */
export const SECRET = "planted/Secret+4711";

/** versitygw: checks signatures as AWS does. Its objects are files below a folder: `folder/bucket/key`. */
export async function versitygw(): Promise<Server & { readonly folder: string }> {
  const program = await goProgram("github.com/versity/versitygw/cmd/versitygw@v1.8.0");
  const folder = mkdtempSync(join(tmpdir(), "lockstep-s3-"));
  for (const name of ["data", `data/${BUCKET}`]) mkdirSync(join(folder, name));
  const port = await freePort();
  const env = s3Env(port, "test", SECRET);
  const child = start(program, ["--port", `127.0.0.1:${port}`, "--quiet", "posix", join(folder, "data")], { ROOT_ACCESS_KEY: "test", ROOT_SECRET_KEY: SECRET });
  return { ...(await running("versitygw", child, port, env, () => rmSync(folder, { recursive: true, force: true }))), folder: join(folder, "data") };
}

/** Adobe's S3Mock, another implementation; it checks no signatures. */
export async function s3mock(): Promise<Server> {
  const file = await jar("com.adobe.testing", "s3mock", "4.11.0", "exec");
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "lockstep-s3mock-"));
  const child = start("java", ["-Xmx256m", "-XX:TieredStopAtLevel=1", `-Dserver.port=${await freePort()}`, `-Dhttp.port=${port}`, "-Dserver.address=127.0.0.1", "-jar", file], {
    COM_ADOBE_TESTING_S3MOCK_STORE_INITIAL_BUCKETS: BUCKET,
    COM_ADOBE_TESTING_S3MOCK_STORE_ROOT: folder,
    COM_ADOBE_TESTING_S3MOCK_HTTP_PORT: `${port}`,
  });
  return running("S3Mock", child, port, s3Env(port, "test", SECRET), () => rmSync(folder, { recursive: true, force: true }));
}

/** Microsoft's emulator of Azure's Blob Storage. */
export async function azurite(): Promise<Server> {
  const folder = await npmPackage("azurite", "3.37.0");
  const port = await freePort();
  const program = join(folder, "dist/src/blob/main.js");
  const child = start(process.execPath, [program, "--blobHost", "127.0.0.1", "--blobPort", `${port}`, "--inMemoryPersistence", "--skipApiVersionCheck", "--silent"], {});
  const env = { AZURE_STORAGE_USE_EMULATOR: "true", AZURITE_BLOB_STORAGE_URL: `http://127.0.0.1:${port}` };
  const server = await running("Azurite", child, port, env, () => undefined);
  const url = new URL(`${server.endpoint}/${emulated.name}/${BUCKET}?restype=container`);
  const headers: Record<string, string> = { "x-ms-version": "2021-12-02" };
  await azureAuthority("az:", emulated)("PUT", url, headers);
  const made = await fetch(url, { method: "PUT", headers });
  if (!made.ok) throw new Error(`Azurite makes no container: ${await made.text()}`);
  return server;
}

/** An emulator of Google's store. */
export async function fakeGcs(): Promise<Server> {
  const program = await goProgram("github.com/fsouza/fake-gcs-server@v1.52.2");
  const port = await freePort();
  const child = start(program, ["-scheme", "http", "-host", "127.0.0.1", "-port", `${port}`, "-backend", "memory", "-public-host", `127.0.0.1:${port}`], {});
  const server = await running("fake-gcs-server", child, port, { STORAGE_EMULATOR_HOST: `127.0.0.1:${port}` }, () => undefined);
  const made = await fetch(`${server.endpoint}/storage/v1/b?project=test`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name: BUCKET }) });
  if (!made.ok) throw new Error(`fake-gcs-server makes no bucket: ${await made.text()}`);
  return server;
}

export function s3Env(port: number, id: string, secret: string): Record<string, string> {
  return { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`, AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret };
}

/** The environment without what reaches a store otherwise. */
export function bare(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(AWS|AZURE|GOOGLE|STORAGE)_/.test(name));
  return Object.fromEntries([...kept, ["AWS_EC2_METADATA_DISABLED", "true"], ["AWS_SHARED_CREDENTIALS_FILE", "/nonexistent"], ["AWS_CONFIG_FILE", "/nonexistent"]]);
}

/** Runs `work` with the environment of a program that may reach a server. */
export async function within<T>(env: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (!(name in bare())) delete process.env[name];
  Object.assign(process.env, bare(), env);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    Object.assign(process.env, before);
  }
}

function start(program: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
}

async function running(name: string, child: ChildProcess, port: number, env: Record<string, string>, after: () => void): Promise<Server> {
  let log = "";
  for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (data: Buffer) => (log = (log + data.toString()).slice(-4000)));
  const endpoint = `http://127.0.0.1:${port}`;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  // A test file that dies takes its server along.
  const kill = (): void => void child.kill("SIGKILL");
  process.once("exit", kill);
  for (const until = Date.now() + 120_000; ; await wait(50)) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${name} does not start\n${log}`);
    if (await fetch(endpoint, { signal: AbortSignal.timeout(2_000) }).then(() => true, () => false)) break;
  }
  return {
    name, endpoint, bucket: BUCKET, env,
    async stop() {
      process.off("exit", kill);
      child.kill("SIGKILL");
      await ended;
      after();
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

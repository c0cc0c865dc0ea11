/** Credentials that are not there, not right or not given: one error of ours, that says where and what to do, and holds no secret. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { LockstepError, readIceberg, readParquet } from "@lockstep/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort, SECRET, within } from "./servers.ts";

const scratch = mkdtempSync(join(tmpdir(), "lockstep-credentials-"));
let gone: string;
/** Answers with `answer`. */
let server: Server;
let at: string;
let answer: { status: number; text: string };
const asked: { url: string; headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
beforeAll(async () => {
  gone = `http://127.0.0.1:${await freePort()}`;
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      asked.push({ url: request.url!, headers: request.headers, body });
      response.writeHead(answer.status).end(answer.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  at = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
});
afterAll(() => {
  server?.close();
  rmSync(scratch, { recursive: true, force: true });
});

const urls = { gs: "gs://b/x.parquet", s3: "s3://b/x.parquet", az: "az://b/x.parquet" };

async function failure(env: Record<string, string>, read: keyof typeof urls | (() => Promise<unknown>)): Promise<string> {
  const work = typeof read === "string" ? () => readParquet(urls[read]) : read;
  const quick = { LOCKSTEP_STORE_RETRIES: "0", GCE_METADATA_HOST: gone.slice("http://".length), HOME: scratch };
  const error: unknown = await within({ ...quick, ...env }, () => work().then(() => expect.fail("no error"), (thrown: unknown) => thrown));
  const shown = inspect(error, { depth: 10, showHidden: true });
  for (const part of ["planted", "4711", "Secret"]) expect(shown).not.toContain(part);
  expect(error, shown).toBeInstanceOf(LockstepError);
  expect((error as LockstepError).fix).not.toBe("");
  return String(error).replaceAll(scratch, "DIR").replaceAll(gone.slice("http://".length), "GONE").replaceAll(at.slice("http://".length), "HERE");
}

function file(name: string, content: unknown): string {
  writeFileSync(join(scratch, name), typeof content === "string" ? content : JSON.stringify(content));
  return join(scratch, name);
}

const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
const account = (more: object): object => ({ type: "service_account", client_email: "a@b", private_key: key, token_uri: `${at}/t`, ...more });

it("Google: a key or a file that is none", async () => {
  expect(await failure({ GOOGLE_SERVICE_ACCOUNT_KEY: SECRET }, "gs")).toContain("LS2020: gs://b: GOOGLE_SERVICE_ACCOUNT_KEY is no JSON of credentials");
  const named = (name: string, content: unknown): Promise<string> => failure({ GOOGLE_APPLICATION_CREDENTIALS: file(name, content) }, "gs");
  expect(await named("cut.json", `{"type":"service_account","private_key":"${SECRET}`)).toContain("LS2020: gs://b: DIR/cut.json is no JSON of credentials");
  expect(await named("list.json", [SECRET])).toContain("is no JSON of credentials");
  expect(await named("external.json", { type: "external_account", audience: SECRET })).toContain("LS2020: gs://b: credentials of the type external_account, as in DIR/external.json, are not supported");
  expect(await named("less.json", { type: "authorized_user", client_id: "a", client_secret: SECRET })).toContain("LS2020: gs://b: DIR/less.json has no refresh_token");
  expect(await named("key.json", account({ private_key: SECRET }))).toContain("LS2020: gs://b: the private key in DIR/key.json is not valid");
  expect(await failure({ GOOGLE_APPLICATION_CREDENTIALS: `${scratch}/nowhere.json` }, "gs")).toContain("LS2020: gs://b: DIR/nowhere.json, which the environment names, cannot be read");
});

it("servers of tokens and credentials that are gone", async () => {
  expect(await failure({ GOOGLE_APPLICATION_CREDENTIALS: file("gone.json", account({ token_uri: gone })) }, "gs")).toContain("LS2021: gs://b: Google's token server (GONE) cannot be reached");
  expect(await failure({ AWS_WEB_IDENTITY_TOKEN_FILE: file("token", SECRET), AWS_ROLE_ARN: "r", AWS_ENDPOINT_URL_STS: gone }, "s3")).toContain("LS2021: s3://b: AWS's token service (GONE) cannot be reached");
  expect(await failure({ AWS_CONTAINER_CREDENTIALS_FULL_URI: gone }, "s3")).toContain("LS2021: s3://b: the container's credentials server (GONE) cannot be reached");
  expect(await failure({ AZURE_STORAGE_ACCOUNT_NAME: "a", AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "c", AZURE_CLIENT_SECRET: SECRET, AZURE_AUTHORITY_HOST: gone }, "az")).toContain("Azure's token server (GONE) cannot be reached");
  expect(await failure({ AZURE_STORAGE_ACCOUNT_NAME: "a", IDENTITY_ENDPOINT: gone }, "az")).toContain("LS2020: az://b: the environment has no credentials");
  expect(await failure({ AWS_WEB_IDENTITY_TOKEN_FILE: `${scratch}/none`, AWS_ROLE_ARN: "r" }, "s3")).toContain("LS2020: s3://b: DIR/none, which AWS_WEB_IDENTITY_TOKEN_FILE names, cannot be read");
});

it("answers that are none, or refuse", async () => {
  const everywhere = async (): Promise<string[]> => [
    await failure({ GOOGLE_APPLICATION_CREDENTIALS: file("here.json", account({})) }, "gs"),
    await failure({ GCE_METADATA_HOST: at.slice("http://".length) }, "gs"),
    await failure({ AWS_WEB_IDENTITY_TOKEN_FILE: file("token", SECRET), AWS_ROLE_ARN: "r", AWS_ENDPOINT_URL_STS: at }, "s3"),
    await failure({ AWS_CONTAINER_CREDENTIALS_FULL_URI: at }, "s3"),
    await failure({ AZURE_STORAGE_ACCOUNT_NAME: "a", AZURE_TENANT_ID: "t", AZURE_CLIENT_ID: "c", AZURE_CLIENT_SECRET: SECRET, AZURE_AUTHORITY_HOST: at }, "az"),
    await failure({ PYICEBERG_CATALOG__DEFAULT__CREDENTIAL: `me:${SECRET}` }, () => readIceberg("a.t", { catalog: { uri: at } })),
    await failure({ PYICEBERG_CATALOG__DEFAULT__TOKEN: SECRET }, () => readIceberg("a.t", { catalog: { uri: at } })),
  ];
  const codes = (errors: readonly string[]): unknown[] => errors.map((error) => /LS\d+/.exec(error)?.[0]);
  for (const text of [`access_token=${SECRET}`, `{"access_token":"${SECRET}`, `<SecretAccessKey>${SECRET}</SecretAccessKey>`]) {
    answer = { status: 200, text };
    const errors = await everywhere();
    expect(codes(errors)).toEqual(["LS2020", "LS2020", "LS2020", "LS2020", "LS2020", "LS2020", "LS2021"]);
    expect(errors[0]).toContain("gs://b: Google's token server (HERE) gives no credentials");
  }
  answer = { status: 400, text: `{"error":"invalid_grant","error_description":"${SECRET}"}` };
  const refused = await everywhere();
  expect(codes(refused.slice(0, 5))).toEqual(["LS2020", "LS2020", "LS2020", "LS2020", "LS2020"]);
  expect(refused[0]).toContain("it answers 400 invalid_grant");
});

it("Azure: a managed identity and a federated token", async () => {
  answer = { status: 200, text: JSON.stringify({ access_token: SECRET, expires_in: "3599" }) };
  for (const env of [{ IDENTITY_ENDPOINT: `${at}/identity`, IDENTITY_HEADER: "proof" }, { AZURE_TENANT_ID: "t", AZURE_FEDERATED_TOKEN_FILE: file("federated", "assertion"), AZURE_AUTHORITY_HOST: at }]) {
    asked.length = 0;
    await failure({ AZURE_STORAGE_ACCOUNT_NAME: "a", AZURE_CLIENT_ID: "c", AZURE_STORAGE_ENDPOINT: at, ...env }, "az");
    expect(asked.slice(1).map(({ headers }) => headers.authorization)).toContain(`Bearer ${SECRET}`);
    const [first] = asked;
    if ("IDENTITY_HEADER" in env) expect([first!.url, first!.headers["x-identity-header"]]).toEqual(["/identity?api-version=2019-08-01&resource=https%3A%2F%2Fstorage.azure.com&client_id=c", "proof"]);
    else expect(first!.body).toContain("client_assertion=assertion");
  }
});

it("profiles that get their credentials elsewhere", async () => {
  const config = file("config", "[profile x]\ncredential_process = echo {}\nregion=eu\n[profile y]\nrole_arn=r\nsource_profile=z\naws_access_key_id=a\naws_secret_access_key=b\n[profile s]\nsso_session=corp\n");
  for (const [name, by] of [["x", "credential_process"], ["y", "role_arn"], ["s", "sso_session"]] as const) {
    const error = await failure({ AWS_PROFILE: name, AWS_CONFIG_FILE: config }, "s3");
    expect(error).toContain(`LS2020: s3://b: the profile ${name} gets its credentials by ${by}, which is not supported`);
    expect(error).toContain(`aws configure export-credentials --profile ${name} --format env`);
  }
});

it("a refusal may mean that credentials have expired, and retries are a number", async () => {
  const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_ENDPOINT_URL: at };
  answer = { status: 403, text: "" };
  expect(await failure(env, "s3")).toMatch(/LS2020: .*access is denied[^]*not expired/);
  for (const LOCKSTEP_STORE_RETRIES of ["many", "-1", "1.5", ""]) expect(await failure({ ...env, LOCKSTEP_STORE_RETRIES }, "s3")).toContain("LS2015: LOCKSTEP_STORE_RETRIES is no whole number");
});

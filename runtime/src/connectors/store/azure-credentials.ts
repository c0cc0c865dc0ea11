/** How requests to Azure's store are authorised: account key, shared access signature, a service principal's token. */
import { createHmac } from "node:crypto";
import { given, kept, tokenIn, tokenOf, tokenOfMachine, type Token } from "./credential-server.ts";
import { noCredentials } from "./server.ts";

export type Authorise = (method: string, url: URL, headers: Record<string, string>) => Promise<void>;

export interface Account {
  readonly name: string;
  readonly key?: string;
}

/** The emulator's account, as its documentation has it. */
export const emulated: Account = {
  name: "devstoreaccount1",
  key: "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
};

/** A shared access signature: the query of a signed URL, with its "?" or without. */
export const sasAuthority = (sas: string): Authorise => async (_method, url) => {
  for (const [name, value] of new URLSearchParams(sas)) url.searchParams.set(name, value);
};

/** Where the environment says nothing it is the machine's identity, where it has one. `source` is what is to be opened. LS2020, LS2021. */
export function azureAuthority(source: string, account: Account, env = process.env): Authorise {
  const sas = env.AZURE_STORAGE_SAS_TOKEN || env.AZURE_STORAGE_SAS_KEY;
  if (account.key) {
    return async (method, url, headers) => {
      headers["x-ms-date"] = new Date().toUTCString();
      headers.authorization = `SharedKey ${account.name}:${signature(account, method, url, headers)}`;
    };
  }
  if (sas) return sasAuthority(sas);
  const { AZURE_STORAGE_TOKEN: said } = env;
  const token = said ? async () => said : kept(() => ofApplication(source, env) ?? ofMachine(env));
  return async (_method, _url, headers) => {
    const bearer = await token();
    if (bearer === undefined) throw noCredentials(source);
    headers.authorization = `Bearer ${bearer}`;
  };
}

/** A service principal, by its secret or by a token that somebody else has given it. */
function ofApplication(source: string, env: NodeJS.ProcessEnv): Promise<Token> | undefined {
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: client, AZURE_CLIENT_SECRET: secret, AZURE_FEDERATED_TOKEN_FILE: file } = env;
  if (!tenant || !client || (!secret && !file)) return undefined;
  const host = (env.AZURE_AUTHORITY_HOST ?? "https://login.microsoftonline.com").replace(/\/$/, "");
  const proof = async (): Promise<Record<string, string>> => {
    if (!file) return { client_secret: secret! };
    return { client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer", client_assertion: await tokenOf(source, "AZURE_FEDERATED_TOKEN_FILE", file) };
  };
  const fix = `Check AZURE_TENANT_ID, AZURE_CLIENT_ID and ${file ? "AZURE_FEDERATED_TOKEN_FILE" : "AZURE_CLIENT_SECRET"}, and the network; then start the job again.`;
  const form = async (): Promise<URLSearchParams> => new URLSearchParams({ grant_type: "client_credentials", client_id: client, scope: "https://storage.azure.com/.default", ...(await proof()) });
  return form().then((body) => given({ source, name: "Azure's token server", url: `${host}/${tenant}/oauth2/v2.0/token`, fix }, { method: "POST", body }, tokenIn));
}

/** A managed identity. Off Azure's machines nobody answers. */
function ofMachine(env: NodeJS.ProcessEnv): Promise<Token | undefined> {
  const { AZURE_CLIENT_ID: client, IDENTITY_ENDPOINT: endpoint = "http://169.254.169.254/metadata/identity/oauth2/token", IDENTITY_HEADER: proof } = env;
  const query = new URLSearchParams({ "api-version": "2019-08-01", resource: "https://storage.azure.com", ...(client && { client_id: client }) });
  return tokenOfMachine(`${endpoint}?${query}`, { metadata: "true", ...(proof && { "x-identity-header": proof }) });
}

/** "Authorize with Shared Key", version 2015-02-21 and later. */
function signature({ name, key }: Account, method: string, url: URL, headers: Record<string, string>): string {
  const header = (name: string): string => headers[name] ?? "";
  const length = header("content-length");
  const own = Object.keys(headers).filter((name) => name.startsWith("x-ms-")).sort().map((name) => `${name}:${headers[name]}\n`).join("");
  const query = [...url.searchParams].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `\n${name.toLowerCase()}:${value}`).join("");
  const text = [
    method, "", "", length === "0" ? "" : length, "", header("content-type"), "",
    "", header("if-match"), header("if-none-match"), "", header("range"),
    `${own}/${name}${url.pathname}${query}`,
  ].join("\n");
  return createHmac("sha256", Buffer.from(key!, "base64")).update(text).digest("base64");
}

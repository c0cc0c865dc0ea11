/** How requests to Azure's store are authorised: account key, shared access signature, a service principal's token. */
import { createHmac } from "node:crypto";

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

/** Undefined: the environment says nothing. */
export function azureAuthority(account: Account, env = process.env): Authorise | undefined {
  const sas = env.AZURE_STORAGE_SAS_TOKEN || env.AZURE_STORAGE_SAS_KEY;
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: client, AZURE_CLIENT_SECRET: secret, AZURE_STORAGE_TOKEN: token } = env;
  if (account.key) {
    return async (method, url, headers) => {
      headers["x-ms-date"] = new Date().toUTCString();
      headers.authorization = `SharedKey ${account.name}:${signature(account, method, url, headers)}`;
    };
  }
  if (sas) return sasAuthority(sas);
  if (token) return async (_method, _url, headers) => void (headers.authorization = `Bearer ${token}`);
  if (!tenant || !client || !secret) return undefined;
  let known: { token: string; until: number } | undefined;
  return async (_method, _url, headers) => {
    if (known === undefined || known.until < Date.now()) {
      const body = new URLSearchParams({ grant_type: "client_credentials", client_id: client, client_secret: secret, scope: "https://storage.azure.com/.default" });
      const host = (env.AZURE_AUTHORITY_HOST ?? "https://login.microsoftonline.com").replace(/\/$/, "");
      const response = await fetch(`${host}/${tenant}/oauth2/v2.0/token`, { method: "POST", body, signal: AbortSignal.timeout(10_000) });
      const { access_token: fresh = "", expires_in: seconds = 0 } = (await response.json()) as { access_token?: string; expires_in?: number };
      known = { token: fresh, until: Date.now() + (seconds - 120) * 1000 };
    }
    headers.authorization = `Bearer ${known.token}`;
  };
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

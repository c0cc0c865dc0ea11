/** Google's standard chain: a service account's or a user's file, the metadata server. */
import { createSign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/** Gives a token; the same one until it is nearly old. Undefined: nobody here gives any. */
export function googleToken(env = process.env): () => Promise<string | undefined> {
  let known: { token: string; until: number } | undefined;
  return async () => {
    if (known === undefined || known.until < Date.now()) known = await fresh(env);
    return known?.token;
  };
}

async function fresh(env: NodeJS.ProcessEnv): Promise<{ token: string; until: number } | undefined> {
  const { GOOGLE_APPLICATION_CREDENTIALS: named, GOOGLE_SERVICE_ACCOUNT: account, GOOGLE_SERVICE_ACCOUNT_PATH: path, GOOGLE_SERVICE_ACCOUNT_KEY: key } = env;
  const file = account || path || named || join(homedir(), ".config/gcloud/application_default_credentials.json");
  const text = key || (await readFile(file, "utf8").catch(() => ""));
  if (text !== "") return answered(await fetch(...tokenRequest(JSON.parse(text) as Record<string, string>)));
  const host = env.GCE_METADATA_HOST ?? "metadata.google.internal";
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`;
  const found = await fetch(url, { headers: { "metadata-flavor": "Google" }, signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
  return found && answered(found);
}

function tokenRequest(file: Record<string, string>): [string, RequestInit] {
  const url = file.token_uri ?? "https://oauth2.googleapis.com/token";
  const parameters: Record<string, string> =
    file.type === "authorized_user"
      ? { grant_type: "refresh_token", client_id: file.client_id!, client_secret: file.client_secret!, refresh_token: file.refresh_token! }
      : { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: assertion(file, url) };
  return [url, { method: "POST", body: new URLSearchParams(parameters), signal: AbortSignal.timeout(10_000) }];
}

/** A service account says who it is: RFC 7523. */
function assertion(file: Record<string, string>, audience: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: file.client_email, scope: "https://www.googleapis.com/auth/devstorage.full_control", aud: audience, iat: now, exp: now + 3600 };
  const text = [{ alg: "RS256", typ: "JWT", kid: file.private_key_id }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${createSign("RSA-SHA256").update(text).sign(file.private_key!, "base64url")}`;
}

async function answered(response: Response): Promise<{ token: string; until: number } | undefined> {
  if (!response.ok) return undefined;
  const { access_token: token, expires_in: seconds = 0 } = (await response.json()) as { access_token: string; expires_in?: number };
  return { token, until: Date.now() + (seconds - 120) * 1000 };
}

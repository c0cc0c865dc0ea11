/** Google's standard chain: a service account's or a user's file, the metadata server. */
import { createSign } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { LockstepError } from "../../errors/index.ts";
import { secretJson } from "../secret-json.ts";
import { given, kept, tokenIn, tokenOfMachine, type Token } from "./credential-server.ts";

const FIX = "Set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account's key, or log in by `gcloud auth application-default login`.";

/** Gives a token; the same one until it is nearly old. Undefined: nobody here gives any. LS2020, LS2021. */
export const googleToken = (source: string, env = process.env): (() => Promise<string | undefined>) => kept(() => fresh(source, env));

async function fresh(source: string, env: NodeJS.ProcessEnv): Promise<Token | undefined> {
  const { GOOGLE_APPLICATION_CREDENTIALS: standard, GOOGLE_SERVICE_ACCOUNT: account, GOOGLE_SERVICE_ACCOUNT_PATH: path, GOOGLE_SERVICE_ACCOUNT_KEY: key } = env;
  if (key) return ofFile(source, "GOOGLE_SERVICE_ACCOUNT_KEY", key);
  const named = account || path || standard;
  const file = named || join(homedir(), ".config/gcloud/application_default_credentials.json");
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text !== undefined) return ofFile(source, file, text);
  if (named) throw new LockstepError({ code: "LS2020", message: `${source}: ${file}, which the environment names, cannot be read`, fix: FIX });
  return tokenOfMachine(`http://${env.GCE_METADATA_HOST ?? "metadata.google.internal"}/computeMetadata/v1/instance/service-accounts/default/token`, { "metadata-flavor": "Google" });
}

/** `place`: where the text stood. */
async function ofFile(source: string, place: string, text: string): Promise<Token> {
  const wrong = (what: string): LockstepError => new LockstepError({ code: "LS2020", message: `${source}: ${what}`, fix: FIX });
  const file = secretJson(text);
  if (file === undefined) throw wrong(`${place} is no JSON of credentials`);
  const { type = "service_account", token_uri: url = "https://oauth2.googleapis.com/token" } = file;
  const parts = (names: readonly string[]): string[] => names.map((name) => {
    const part = file[name];
    if (typeof part === "string") return part;
    throw wrong(`${place} has no ${name}`);
  });
  const form = (): Record<string, string> => {
    if (type === "authorized_user") {
      const [id, secret, token] = parts(["client_id", "client_secret", "refresh_token"]);
      return { grant_type: "refresh_token", client_id: id!, client_secret: secret!, refresh_token: token! };
    }
    if (type !== "service_account") throw wrong(`credentials of the type ${/^\w{1,40}$/.test(String(type)) ? String(type) : "that they have"}, as in ${place}, are not supported`);
    const [email, key] = parts(["client_email", "private_key"]);
    try {
      return { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: assertion(email!, key!, file.private_key_id, String(url)) };
    } catch {
      // OpenSSL's error says nothing of where the key is from.
      throw wrong(`the private key in ${place} is not valid`);
    }
  };
  const server = { source, name: "Google's token server", url: String(url), fix: `Check that ${place} is still valid, and the network; then start the job again.` };
  return given(server, { method: "POST", body: new URLSearchParams(form()) }, tokenIn);
}

/** A service account says who it is: RFC 7523. */
function assertion(email: string, key: string, id: unknown, audience: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: email, scope: "https://www.googleapis.com/auth/devstorage.full_control", aud: audience, iat: now, exp: now + 3600 };
  const text = [{ alg: "RS256", typ: "JWT", kid: id }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${text}.${createSign("RSA-SHA256").update(text).sign(key, "base64url")}`;
}

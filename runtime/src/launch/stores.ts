import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { awsProfile } from "../connectors/store/aws-credentials.ts";

/** Where each cloud's credentials would come from; no secret, and no request. */
export async function storeCredentials(env = process.env): Promise<string> {
  const found = [`s3: ${await aws(env)}`, `gs: ${google(env)}`, `az: ${azure(env)}`];
  return found.join("\n");
}

async function aws(env: NodeJS.ProcessEnv): Promise<string> {
  const profile = await awsProfile(env);
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || profile.endpoint;
  const server = endpoint && URL.canParse(endpoint) ? `, ${new URL(endpoint).origin}` : "";
  if (env.AWS_ACCESS_KEY_ID && env.AWS_SECRET_ACCESS_KEY) return `keys of the environment${server}`;
  if (profile.credentials) return `keys of the profile ${profile.name}${server}`;
  const role = env.AWS_WEB_IDENTITY_TOKEN_FILE || env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI || env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  if (!role && profile.elsewhere) return `none: the profile ${profile.name} has ${profile.elsewhere}, which is not supported${server}`;
  return `${role ? "a role of the environment" : "none, unless the machine has a role"}${server}`;
}

function google(env: NodeJS.ProcessEnv): string {
  if (env.STORAGE_EMULATOR_HOST) return "an emulator";
  if (env.GOOGLE_SERVICE_ACCOUNT_KEY || env.GOOGLE_SERVICE_ACCOUNT || env.GOOGLE_SERVICE_ACCOUNT_PATH || env.GOOGLE_APPLICATION_CREDENTIALS) return "a file or key of the environment";
  return existsSync(join(homedir(), ".config/gcloud/application_default_credentials.json")) ? "gcloud's login" : "none, unless the machine has a role";
}

function azure(env: NodeJS.ProcessEnv): string {
  if (env.AZURE_STORAGE_USE_EMULATOR) return "an emulator";
  if (!env.AZURE_STORAGE_ACCOUNT_NAME) return "none: AZURE_STORAGE_ACCOUNT_NAME is not set";
  const key = env.AZURE_STORAGE_ACCOUNT_KEY || env.AZURE_STORAGE_ACCESS_KEY;
  const kind = key ? "its key" : env.AZURE_STORAGE_SAS_TOKEN || env.AZURE_STORAGE_SAS_KEY ? "a shared access signature" : env.AZURE_CLIENT_SECRET ? "a service principal" : env.AZURE_FEDERATED_TOKEN_FILE ? "a federated token" : "no key, unless the machine has an identity";
  return `account ${env.AZURE_STORAGE_ACCOUNT_NAME}, ${kind}`;
}

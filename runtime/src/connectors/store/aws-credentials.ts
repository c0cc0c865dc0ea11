/** AWS's standard chain: environment, shared files, web identity, container, instance. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsProfile {
  readonly credentials?: AwsCredentials;
  readonly region?: string;
  readonly endpoint?: string;
}

/** What the profile says that `AWS_PROFILE` names; nothing where there are no files. */
export async function awsProfile(env = process.env): Promise<AwsProfile> {
  const name = env.AWS_PROFILE ?? "default";
  const read = (file: string): Promise<string> => readFile(file, "utf8").catch(() => "");
  const credentials = section(await read(env.AWS_SHARED_CREDENTIALS_FILE ?? join(homedir(), ".aws/credentials")), name);
  const config = section(await read(env.AWS_CONFIG_FILE ?? join(homedir(), ".aws/config")), name === "default" ? name : `profile ${name}`);
  const said = new Map([...config, ...credentials]);
  const [id, secret, token] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"].map((key) => said.get(key));
  return {
    ...(id !== undefined && secret !== undefined && { credentials: { accessKeyId: id, secretAccessKey: secret, ...(token !== undefined && { sessionToken: token }) } }),
    ...(said.has("region") && { region: said.get("region")! }),
    ...(said.has("endpoint_url") && { endpoint: said.get("endpoint_url")! }),
  };
}

/** `name = value` lines below `[heading]`. */
function section(text: string, heading: string): Map<string, string> {
  const found = new Map<string, string>();
  let inside = false;
  for (const line of text.split("\n").map((line) => line.trim())) {
    const title = /^\[(.*)\]$/.exec(line);
    const pair = /^([^#;=][^=]*)=(.*)$/.exec(line);
    if (title) inside = title[1]!.trim() === heading;
    else if (inside && pair) found.set(pair[1]!.trim().toLowerCase(), pair[2]!.trim());
  }
  return found;
}

/** Undefined: nobody here gives any. `plain`: the store is none of AWS, whose machines alone have roles. */
export async function awsCredentials(profile: AwsProfile, plain: boolean, env = process.env): Promise<AwsCredentials | undefined> {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env;
  if (id && secret) return { accessKeyId: id, secretAccessKey: secret, ...(token && { sessionToken: token }) };
  if (profile.credentials) return profile.credentials;
  return (await ofWebIdentity(env)) ?? (await ofContainer(env)) ?? (plain ? undefined : await ofInstance(env));
}

async function ofWebIdentity(env: NodeJS.ProcessEnv): Promise<AwsCredentials | undefined> {
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role, AWS_REGION: region = "us-east-1" } = env;
  if (!file || !role) return undefined;
  const parameters = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity", Version: "2011-06-15", RoleArn: role,
    RoleSessionName: env.AWS_ROLE_SESSION_NAME ?? "lockstep", WebIdentityToken: (await readFile(file, "utf8")).trim(),
  });
  const endpoint = env.AWS_ENDPOINT_URL_STS ?? `https://sts.${region}.amazonaws.com`;
  const text = await (await fetch(endpoint, { method: "POST", body: parameters, signal: AbortSignal.timeout(10_000) })).text();
  const part = (name: string): string | undefined => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1];
  return credentialsOf(part("AccessKeyId"), part("SecretAccessKey"), part("SessionToken"));
}

async function ofContainer(env: NodeJS.ProcessEnv): Promise<AwsCredentials | undefined> {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = env;
  const url = path ? `http://169.254.170.2${path}` : full;
  if (!url) return undefined;
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token = file ? (await readFile(file, "utf8")).trim() : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  return ofJson(await fetch(url, { headers: token ? { authorization: token } : {}, signal: AbortSignal.timeout(5_000) }));
}

async function ofInstance(env: NodeJS.ProcessEnv): Promise<AwsCredentials | undefined> {
  if (/^true$/i.test(env.AWS_EC2_METADATA_DISABLED ?? "")) return undefined;
  const base = "http://169.254.169.254/latest";
  const soon = (): AbortSignal => AbortSignal.timeout(1_000);
  try {
    const token = await (await fetch(`${base}/api/token`, { method: "PUT", headers: { "x-aws-ec2-metadata-token-ttl-seconds": "21600" }, signal: soon() })).text();
    const headers = { "x-aws-ec2-metadata-token": token };
    const roles = `${base}/meta-data/iam/security-credentials/`;
    const role = (await (await fetch(roles, { headers, signal: soon() })).text()).split("\n")[0]!;
    return await ofJson(await fetch(roles + role, { headers, signal: soon() }));
  } catch {
    // Not on one of AWS' machines.
    return undefined;
  }
}

async function ofJson(response: Response): Promise<AwsCredentials | undefined> {
  const { AccessKeyId: id, SecretAccessKey: secret, Token: token } = (await response.json()) as Record<string, string | undefined>;
  return credentialsOf(id, secret, token);
}

function credentialsOf(id?: string, secret?: string, token?: string): AwsCredentials | undefined {
  return id && secret ? { accessKeyId: id, secretAccessKey: secret, ...(token && { sessionToken: token }) } : undefined;
}

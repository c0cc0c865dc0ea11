/** AWS's standard chain: environment, shared files, web identity, container, instance. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { LockstepError } from "../../errors/index.ts";
import { secretJson } from "../secret-json.ts";
import { given, tokenOf } from "./credential-server.ts";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface AwsProfile {
  readonly name: string;
  readonly credentials?: AwsCredentials;
  /** By which of its settings it gets credentials in a way that is not supported; those that it holds are not meant then. */
  readonly elsewhere?: string;
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
  const keys = id !== undefined && secret !== undefined;
  const elsewhere = (keys ? ["role_arn"] : ["role_arn", "sso_session", "sso_start_url", "credential_process"]).find((setting) => said.has(setting));
  return {
    name,
    ...(elsewhere !== undefined && { elsewhere }),
    ...(keys && elsewhere === undefined && { credentials: { accessKeyId: id, secretAccessKey: secret, ...(token !== undefined && { sessionToken: token }) } }),
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

/**
 * Undefined: nobody here gives any. `plain`: the store is none of AWS, whose machines alone have roles. LS2020, LS2021; `source`
 * is what the credentials are to open.
 */
export async function awsCredentials(source: string, profile: AwsProfile, plain: boolean, env = process.env): Promise<AwsCredentials | undefined> {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env;
  if (id && secret) return { accessKeyId: id, secretAccessKey: secret, ...(token && { sessionToken: token }) };
  if (profile.credentials) return profile.credentials;
  const found = (await ofWebIdentity(source, env)) ?? (await ofContainer(source, env));
  if (found === undefined && profile.elsewhere !== undefined) {
    throw new LockstepError({
      code: "LS2020",
      message: `${source}: the profile ${profile.name} gets its credentials by ${profile.elsewhere}, which is not supported`,
      fix: `Put them into the environment by \`eval "$(aws configure export-credentials --profile ${profile.name} --format env)"\`, and start the job again.`,
    });
  }
  return found ?? (plain ? undefined : await ofInstance(env));
}

async function ofWebIdentity(source: string, env: NodeJS.ProcessEnv): Promise<AwsCredentials | undefined> {
  const { AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_ROLE_ARN: role, AWS_REGION: region = "us-east-1" } = env;
  if (!file || !role) return undefined;
  const body = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity", Version: "2011-06-15", RoleArn: role,
    RoleSessionName: env.AWS_ROLE_SESSION_NAME ?? "lockstep", WebIdentityToken: await tokenOf(source, "AWS_WEB_IDENTITY_TOKEN_FILE", file),
  });
  const url = env.AWS_ENDPOINT_URL_STS ?? `https://sts.${region}.amazonaws.com`;
  const fix = "Check AWS_ROLE_ARN and the token of AWS_WEB_IDENTITY_TOKEN_FILE, and the network; then start the job again.";
  return given({ source, name: "AWS's token service", url, fix }, { method: "POST", body }, (text) => {
    const part = (name: string): string | undefined => new RegExp(`<${name}>([^<]+)</${name}>`).exec(text)?.[1];
    return credentialsOf(part("AccessKeyId"), part("SecretAccessKey"), part("SessionToken"));
  });
}

async function ofContainer(source: string, env: NodeJS.ProcessEnv): Promise<AwsCredentials | undefined> {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: path, AWS_CONTAINER_CREDENTIALS_FULL_URI: full, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file } = env;
  const url = path ? `http://169.254.170.2${path}` : full;
  if (!url) return undefined;
  const token = file ? await tokenOf(source, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file) : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  const fix = `Check ${path ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" : "AWS_CONTAINER_CREDENTIALS_FULL_URI"} and what the container's role allows; then start the job again.`;
  return given({ source, name: "the container's credentials server", url, fix }, { headers: token ? { authorization: token } : {} }, ofJson);
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
    return ofJson(await (await fetch(roles + role, { headers, signal: soon() })).text());
  } catch {
    // Not on one of AWS' machines.
    return undefined;
  }
}

function ofJson(text: string): AwsCredentials | undefined {
  const { AccessKeyId: id, SecretAccessKey: secret, Token: token } = secretJson(text) ?? {};
  return credentialsOf(id, secret, token);
}

function credentialsOf(id: unknown, secret: unknown, token: unknown): AwsCredentials | undefined {
  if (typeof id !== "string" || typeof secret !== "string") return undefined;
  return { accessKeyId: id, secretAccessKey: secret, ...(typeof token === "string" && { sessionToken: token }) };
}

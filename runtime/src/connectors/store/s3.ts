/** S3: signatures, addresses, regions. */
import { AwsClient } from "aws4fetch";
import { type AwsCredentials, awsCredentials, awsProfile } from "./aws-credentials.ts";
import type { Location } from "./location.ts";
import { enabled, type StoreOptions } from "./options.ts";
import type { ObjectStore } from "./store.ts";
import { noCredentials } from "./server.ts";
import { xmlStore } from "./xml.ts";

/** LS2020 where the environment has no credentials and `anonymous` is not said. */
export async function openS3({ root, bucket }: Location, options: StoreOptions): Promise<ObjectStore> {
  const env = process.env;
  const profile = await awsProfile();
  const region = options.region ?? (env.AWS_REGION || env.AWS_DEFAULT_REGION || profile.region || "us-east-1");
  const given = options.endpoint ?? (env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || env.AWS_ENDPOINT || profile.endpoint);
  const endpoint = new URL(given ?? `https://s3.${region}.amazonaws.com`);
  const pathStyle = options.pathStyle ?? !enabled("AWS_VIRTUAL_HOSTED_STYLE_REQUEST");
  if (!pathStyle) endpoint.host = `${bucket}.${endpoint.host}`;
  const base = `${endpoint.href.replace(/\/$/, "")}${pathStyle ? `/${bucket}` : ""}`;
  const anonymous = options.anonymous ?? enabled("AWS_SKIP_SIGNATURE");
  const credentials = anonymous ? undefined : await awsCredentials(root, profile, endpoint.protocol === "http:");
  if (!anonymous && credentials === undefined) {
    throw noCredentials(root);
  }
  return s3Store(root, base, region, credentials);
}

/** `base`: the bucket's URL. */
export function s3Store(root: string, base: string, region: string, credentials: AwsCredentials | undefined): ObjectStore {
  const signer = credentials && new AwsClient({ ...credentials, service: "s3", region, retries: 0 });
  return xmlStore({
    root,
    base,
    sign: async (url, init) => (signer ? signer.sign(url, init) : new Request(url, init)),
    condition: (condition) => ("absent" in condition ? { "if-none-match": "*" } : { "if-match": condition.tag }),
    tagOf: (headers) => headers.get("etag") ?? "",
  });
}

/** Who is asked, as errors speak of it. The same of the engine's stores in `native-rs/crates/connectors/src/store/remote.rs`. */
import { LockstepError } from "../../errors/index.ts";

/** Who is asked, and what to do when it has not what is asked for, refuses access, or cannot be reached. */
export interface Server {
  readonly name: string;
  readonly fixes: Readonly<Record<"LS2001" | "LS2020" | "LS2021", string>>;
}

const variables: Readonly<Record<string, readonly [credentials: string, endpoint: string]>> = {
  s3: ["AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE", "AWS_ENDPOINT_URL"],
  gs: ["GOOGLE_APPLICATION_CREDENTIALS", "STORAGE_EMULATOR_HOST"],
  az: ["AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or a SAS token, or a service principal", "AZURE_STORAGE_ENDPOINT"],
};

/** The store of a URL. */
export function storeOf(url: string): Server {
  const [credentials, endpoint] = variables[url.slice(0, url.indexOf("://"))] ?? [];
  return {
    name: "the store",
    fixes: {
      LS2001: "Check the bucket and the path: a prefix is read recursively for files of the format.",
      LS2020: credentials === undefined ? "A URL that the server signs opens what is not public." : `Set ${credentials}, or read what is public with \`store: { anonymous: true }\`.`,
      LS2021: `Check the endpoint (${endpoint === undefined ? "the URL" : `${endpoint}, or \`store: { endpoint }\``}) and the network; then start the job again.`,
    },
  };
}

/** LS2020 */
export const noCredentials = (root: string): LockstepError => new LockstepError({ code: "LS2020", message: `${root}: the environment has no credentials`, fix: storeOf(root).fixes.LS2020 });

/** Google Cloud Storage by its XML interface, with its own conditions. */
import { googleToken } from "./google-credentials.ts";
import type { Location } from "./location.ts";
import { enabled, type StoreOptions } from "./options.ts";
import type { ObjectStore } from "./store.ts";
import { noCredentials } from "./server.ts";
import { xmlStore } from "./xml.ts";

/** LS2020 where the environment has no credentials and `anonymous` is not said. */
export async function openGs({ root, bucket }: Location, options: StoreOptions): Promise<ObjectStore> {
  const host = process.env.STORAGE_EMULATOR_HOST;
  const emulator = host && (host.includes("://") ? host : `http://${host}`);
  const endpoint = options.endpoint ?? (emulator || process.env.GOOGLE_BASE_URL || "https://storage.googleapis.com");
  const anonymous = options.anonymous ?? (Boolean(emulator) || enabled("GOOGLE_SKIP_SIGNATURE"));
  const token = anonymous ? undefined : googleToken(root);
  if (token && (await token()) === undefined) {
    throw noCredentials(root);
  }
  return gsStore(root, `${endpoint.replace(/\/$/, "")}/${bucket}`, token);
}

/** `base`: the bucket's URL. */
export function gsStore(root: string, base: string, token: (() => Promise<string | undefined>) | undefined): ObjectStore {
  return xmlStore({
    root,
    base,
    async sign(url, init) {
      const bearer = await token?.();
      return new Request(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) } });
    },
    condition: (condition) => ({ "x-goog-if-generation-match": "absent" in condition ? "0" : condition.tag }),
    tagOf: (headers) => headers.get("x-goog-generation") ?? "",
  });
}

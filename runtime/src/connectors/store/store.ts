/** What plain Node asks of an object store; one implementation a cloud. */
import { LockstepError } from "../../errors/index.ts";
import type { Location } from "./location.ts";
import type { StoreOptions } from "./options.ts";

export interface Listed {
  readonly key: string;
  readonly size: number;
  /** The store's tag of this version. */
  readonly tag: string;
  /** When it was written; of a listing alone. */
  readonly modified?: Date;
}

export interface Fetched {
  readonly bytes: Uint8Array;
  /** As in a listing. */
  readonly tag: string;
  /** As a condition names it. */
  readonly version: string;
}

/** Writes only if there is no object, or one of this version. */
export type Condition = { readonly absent: true } | { readonly tag: string };

export interface ObjectStore {
  /** A key's URL, as it is printed. */
  url(key: string): string;
  /** All objects below `prefix/`, in order of their keys. */
  list(prefix: string): Promise<Listed[]>;
  /** The names directly below `prefix/`. */
  names(prefix: string): Promise<string[]>;
  head(key: string): Promise<Listed | undefined>;
  /** An object or a range of it. */
  get(key: string, range?: { readonly start: number; readonly end: number }): Promise<Fetched | undefined>;
  /** False: the condition did not hold. */
  put(key: string, bytes: Uint8Array, condition?: Condition): Promise<boolean>;
  remove(key: string): Promise<void>;
  /** An upload in pieces, invisible until it is completed. */
  begin(key: string): Promise<string>;
  piece(key: string, upload: string, index: number, bytes: Uint8Array): Promise<string>;
  /** False: there is no such upload, which may mean that it is completed. */
  complete(key: string, upload: string, pieces: readonly string[]): Promise<boolean>;
  abort(key: string, upload: string): Promise<void>;
}

/** The store of a location. */
export async function openStore(location: Location, options: StoreOptions = {}): Promise<ObjectStore> {
  if (options.endpoint !== undefined && !/^https?:\/\/[^@?]+$/.test(options.endpoint)) {
    throw new LockstepError({ code: "LS2015", message: "the option endpoint is not a URL such as https://host:port without credentials" });
  }
  switch (location.scheme) {
    case "s3":
      return (await import("./s3.ts")).openS3(location, options);
    case "http":
    case "https":
      return (await import("./web.ts")).openWeb(location);
    case "gs":
      return (await import("./gs.ts")).openGs(location, options);
    case "az":
      return (await import("./az.ts")).openAz(location, options);
  }
}

export const encodeKey = (key: string): string => key.split("/").map((part) => encodeURIComponent(part).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)).join("/");

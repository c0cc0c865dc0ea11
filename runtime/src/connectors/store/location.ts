import { LockstepError } from "../../errors/index.ts";

const schemes = ["s3", "gs", "az", "http", "https"] as const;
export type Scheme = (typeof schemes)[number];

/** An object, a folder or a pattern in a store. */
export interface Location {
  readonly scheme: Scheme;
  /** `s3://bucket`: all before the key. */
  readonly root: string;
  /** The bucket, the container, the host with its port. */
  readonly bucket: string;
  /** Without slashes at its ends. */
  readonly key: string;
  /** What may be a secret: the query of a signed URL, with its "?". */
  readonly query: string;
}

/** Whether a path names something in an object store. */
export function isRemote(path: string | URL): boolean {
  return /^[a-z][a-z0-9+.-]+:\/\//i.test(String(path)) && !String(path).startsWith("file://");
}

/** A URL taken apart. LS2015: a scheme we do not know, credentials in it; LS2001: no bucket. Nothing of it is printed then. */
export function parseLocation(url: string | URL): Location {
  const [, given = "", rest = ""] = /^([^:]+):\/\/(.*)$/s.exec(String(url)) ?? [];
  const scheme = (given === "s3a" ? "s3" : given) as Scheme;
  if (!schemes.includes(scheme)) {
    throw new LockstepError({ code: "LS2015", message: `${given}:// is not supported; s3://, gs://, az://, https:// and local files are` });
  }
  const web = scheme === "http" || scheme === "https";
  // A fragment is never sent.
  const [sent = ""] = web ? rest.split("#") : [rest];
  const mark = web ? sent.indexOf("?") : -1;
  const query = mark < 0 ? "" : sent.slice(mark);
  const path = mark < 0 ? sent : sent.slice(0, mark);
  const slash = path.indexOf("/");
  const bucket = slash < 0 ? path : path.slice(0, slash);
  // A secret key can hold slashes: then its end, with the @, stands in what looks like the key.
  if (bucket.includes("@") || (web ? /:(?!\d+$)/ : /:/).test(bucket)) {
    throw new LockstepError({
      code: "LS2015",
      message: `${scheme}://…: the URL holds credentials; they are taken from the environment alone`,
      fix: "Set AWS_ACCESS_KEY_ID and the like, and leave them out of the URL.",
    });
  }
  if (bucket === "") throw new LockstepError({ code: "LS2001", message: `${scheme}:// without the name of a bucket or host` });
  const key = slash < 0 ? "" : path.slice(slash).replace(/^\/+|\/+$/g, "");
  return { scheme, root: `${scheme}://${bucket}`, bucket, key, query };
}

/** How an object store is reached, where the environment does not say it. Credentials come from the environment alone. */
export interface StoreOptions {
  /** Another server than the cloud's own: "http://127.0.0.1:9000". */
  readonly endpoint?: string;
  /** The region of the bucket. */
  readonly region?: string;
  /** S3: the bucket in the path (true) or in the host name (false). */
  readonly pathStyle?: boolean;
  /** Requests are not signed. */
  readonly anonymous?: boolean;
}

export const enabled = (name: string): boolean => /^(1|true|yes)$/i.test(process.env[name] ?? "");

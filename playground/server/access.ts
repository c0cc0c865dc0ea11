/** Who may ask: pages of this machine, with the token. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** A name that leads here may be anybody's: pages of other hosts would reach the server by it (DNS rebinding). */
export function isLocal({ headers }: IncomingMessage): boolean {
  const { host = "", origin } = headers;
  const local = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;
  return local.test(host) && (origin === undefined || local.test(origin.replace(/^https?:\/\//, "")));
}

export function hasToken({ headers }: IncomingMessage, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ""), digest(`Bearer ${token}`));
}

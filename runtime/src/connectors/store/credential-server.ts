/** Servers that give credentials for a store: asked as the store itself is, and nothing of their answers is printed but an error's code. */
import { readFile } from "node:fs/promises";
import { LockstepError } from "../../errors/index.ts";
import { secretJson } from "../secret-json.ts";
import { ask } from "./request.ts";

export interface CredentialServer {
  /** What the credentials open: `s3://bucket`. */
  readonly source: string;
  /** As errors speak of it: "Google's token server". */
  readonly name: string;
  readonly url: string;
  /** What to do where it gives none. */
  readonly fix: string;
}

/** What `read` finds in its answer. LS2020 where it gives nothing, LS2021 where nobody answers. */
export async function given<T>({ source, name, url, fix }: CredentialServer, init: RequestInit, read: (text: string) => T | undefined): Promise<T> {
  const host = URL.canParse(url) ? new URL(url).host : "";
  if (host === "") throw new LockstepError({ code: "LS2020", message: `${source}: the address of ${name} is no URL`, fix });
  const server = { name: `${name} (${host})`, fixes: { LS2001: fix, LS2020: fix, LS2021: fix } };
  const { status, body } = await ask(source, async () => new Request(url, init), [200, 400, 401, 403, 404], { server });
  const text = new TextDecoder().decode(body);
  const found = status === 200 ? read(text) : undefined;
  if (found !== undefined) return found;
  const why = status === 200 ? "its answer holds none, or is not in its format" : `it answers ${status}${errorIn(text)}`;
  throw new LockstepError({ code: "LS2020", message: `${source}: ${server.name} gives no credentials`, why: [why], fix });
}

/** OAuth's `{ "error": "invalid_grant" }`, or AWS's `<Code>`. */
function errorIn(text: string): string {
  const code = secretJson(text)?.error ?? /<Code>(.*?)<\/Code>/.exec(text)?.[1];
  return typeof code === "string" && /^\w{1,60}$/.test(code) ? ` ${code}` : "";
}

export interface Token {
  readonly token: string;
  readonly until: number;
}

/** A token in an answer of OAuth's. */
export function tokenIn(text: string): Token | undefined {
  const { access_token: token, expires_in: seconds = 0 } = secretJson(text) ?? {};
  return typeof token === "string" && token !== "" ? { token, until: Date.now() + (Number(seconds) - 120) * 1000 } : undefined;
}

/** The token in the file that a variable names. LS2020 */
export async function tokenOf(source: string, variable: string, file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text !== undefined) return text.trim();
  throw new LockstepError({ code: "LS2020", message: `${source}: ${file}, which ${variable} names, cannot be read`, fix: `Set ${variable} to the file of the token.` });
}

/** The token of a cloud's own machine; elsewhere nobody answers. */
export async function tokenOfMachine(url: string, headers: Readonly<Record<string, string>>): Promise<Token | undefined> {
  const found = await fetch(url, { headers, signal: AbortSignal.timeout(1_000) }).catch(() => undefined);
  return found?.ok ? tokenIn(await found.text()) : undefined;
}

/** The same token until it is nearly old. Undefined: nobody here gives any. */
export function kept(fresh: () => Promise<Token | undefined>): () => Promise<string | undefined> {
  let known: Token | undefined;
  return async () => {
    if (known === undefined || known.until < Date.now()) known = await fresh();
    return known?.token;
  };
}

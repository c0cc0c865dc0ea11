/** Where an account of Snowflake is, and who a program is to it: by the names that Snowflake's own drivers and command line take from the environment. */
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { LockstepError } from "../../errors/index.ts";
import type { Place } from "./place.ts";

export interface Target {
  /** `https://host`, without a slash at its end. */
  readonly url: string;
  /** As it is printed. */
  readonly name: string;
  /** Without the region. */
  readonly account: string;
  /** Of the request for a session. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** LS2015 where nothing says which account, or something else than an account stands there. */
export function findTarget(place: Place): Target {
  const of = (name: keyof Place): string | undefined => place[name] ?? variableOf(name.toUpperCase());
  const account = of("account");
  if (account === undefined) throw new LockstepError({ code: "LS2015", message: "nothing says which account of Snowflake it is", fix: 'Write { account: "myorg-myaccount" }, or set SNOWFLAKE_ACCOUNT.' });
  // What is none may be a URL with a password in it: it is not printed.
  if (!/^[\w.-]+$/.test(account)) throw new LockstepError({ code: "LS2015", message: "what stands for the account of Snowflake is none", fix: 'It is the part before ".snowflakecomputing.com": { account: "myorg-myaccount" }; SNOWFLAKE_HOST is a host of another name.' });
  // Names of hosts have no underscores.
  const host = variableOf("HOST") ?? `${account.toLowerCase().replaceAll("_", "-")}.snowflakecomputing.com`;
  const [protocol, port] = [variableOf("PROTOCOL") ?? "https", variableOf("PORT")];
  if (!/^https?$/.test(protocol) || !/^[\w.-]+$/.test(host) || (port !== undefined && !/^\d{1,5}$/.test(port))) {
    throw new LockstepError({ code: "LS2015", message: "SNOWFLAKE_HOST, SNOWFLAKE_PORT or SNOWFLAKE_PROTOCOL in the environment is none", fix: "They are a host's name, a number, and https (or http, where nothing is encrypted); mostly SNOWFLAKE_ACCOUNT is enough." });
  }
  const name = port === undefined ? host : `${host}:${port}`;
  const said = { warehouse: of("warehouse"), databaseName: of("database"), schemaName: of("schema"), roleName: of("role") };
  const parameters = Object.fromEntries(Object.entries(said).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return { url: `${protocol}://${name}`, name, account: account.split(".")[0]!.toUpperCase(), parameters };
}

export const loginFix = "Set SNOWFLAKE_USER and SNOWFLAKE_PASSWORD in the environment, or SNOWFLAKE_PRIVATE_KEY_PATH, or SNOWFLAKE_AUTHENTICATOR=programmatic_access_token (or oauth) and SNOWFLAKE_TOKEN.";

const wrong = (message: string, fix = loginFix): LockstepError => new LockstepError({ code: "LS2015", message, fix });

/** The fields of a request for a session that say who asks; of the environment alone. LS2015, LS2020. */
export function loginOf({ account }: Target): Readonly<Record<string, string>> {
  const user = variableOf("USER");
  const said = (variableOf("AUTHENTICATOR") ?? (keyFile() === undefined ? "snowflake" : "snowflake_jwt")).toLowerCase();
  if (user === undefined && said !== "oauth") throw new LockstepError({ code: "LS2020", message: "nothing says who one is to Snowflake: SNOWFLAKE_USER is not set", fix: loginFix });
  const who = { ACCOUNT_NAME: account, ...(user !== undefined && { LOGIN_NAME: user }) };
  switch (said) {
    case "snowflake": {
      const password = variableOf("PASSWORD");
      if (password === undefined) throw new LockstepError({ code: "LS2020", message: "the environment has SNOWFLAKE_USER, but no password, key or token", fix: loginFix });
      return { ...who, PASSWORD: password };
    }
    case "snowflake_jwt":
      return { ...who, AUTHENTICATOR: "SNOWFLAKE_JWT", TOKEN: signedToken(account, user!) };
    case "oauth":
    case "programmatic_access_token":
      return { ...who, AUTHENTICATOR: said.toUpperCase(), TOKEN: tokenOf(said) };
    default:
      throw wrong("SNOWFLAKE_AUTHENTICATOR in the environment is one that programs cannot use: snowflake, snowflake_jwt, oauth and programmatic_access_token need nobody at a browser");
  }
}

const keyFile = (): string | undefined => variableOf("PRIVATE_KEY_PATH") ?? variableOf("PRIVATE_KEY_FILE");

function tokenOf(authenticator: string): string {
  const file = variableOf("TOKEN_FILE_PATH");
  const token = variableOf("TOKEN") ?? (file === undefined ? undefined : contents("SNOWFLAKE_TOKEN_FILE_PATH", file).toString().trim());
  if (token === undefined) throw wrong(`SNOWFLAKE_AUTHENTICATOR is ${authenticator}, and there is no token`, "Set SNOWFLAKE_TOKEN, or SNOWFLAKE_TOKEN_FILE_PATH, in the environment.");
  return token;
}

/** A token of an hour that only who has the private key can make: Snowflake knows the public one. */
function signedToken(account: string, user: string): string {
  const file = keyFile();
  if (file === undefined) throw wrong("SNOWFLAKE_AUTHENTICATOR is snowflake_jwt, and there is no key", "Set SNOWFLAKE_PRIVATE_KEY_PATH in the environment.");
  const passphrase = variableOf("PRIVATE_KEY_PASSPHRASE") ?? (process.env["PRIVATE_KEY_PASSPHRASE"] || undefined);
  const pem = contents("SNOWFLAKE_PRIVATE_KEY_PATH", file);
  try {
    const key = createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
    const print = createHash("sha256").update(createPublicKey(key).export({ type: "spki", format: "der" })).digest("base64");
    const subject = `${account}.${user.toUpperCase()}`;
    const now = Math.floor(Date.now() / 1000);
    const body = [{ alg: "RS256", typ: "JWT" }, { iss: `${subject}.SHA256:${print}`, sub: subject, iat: now, exp: now + 3600 }].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    return `${body}.${sign("RSA-SHA256", Buffer.from(body), key).toString("base64url")}`;
  } catch {
    // What OpenSSL says may quote the key.
    throw wrong("the file that SNOWFLAKE_PRIVATE_KEY_PATH names has no private key of RSA that can be read", "It is in PEM, and SNOWFLAKE_PRIVATE_KEY_PASSPHRASE is its passphrase, if it has one.");
  }
}

/** What the variable says is not printed: it may be the key or the token itself. */
function contents(variable: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    throw wrong(`the file that ${variable} names cannot be read`, "Name a file that is there, and that this user may read.");
  }
}

const variableOf = (name: string): string | undefined => process.env[`SNOWFLAKE_${name}`] || undefined;

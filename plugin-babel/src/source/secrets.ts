/** What is taken for a secret: in a text, by a name, among what a bundler defines. None is ever printed. */

/** A name that the bundler replaces by a secret; the secret itself is not here. */
export interface InlinedSecret {
  /** What is replaced: "process.env.API_TOKEN", "__DATABASE__". */
  readonly name: string;
  /** Where in it the secret stands, where that is an object: "__CONFIG__.api.token". */
  readonly path: string;
  /** Why it is taken for one. */
  readonly why: string;
  /** The variables that a reader or writer looks at in its place. */
  readonly variables: string | null;
  /** Only the object as a whole has it: these members are replaced one by one. */
  readonly members?: readonly string[];
}

/** What a text is that is no one else's business; null: nothing. */
interface Found {
  readonly what: string;
  readonly variables: string | null;
}

/** The runtime's `observe/schemas.ts` has both as well. */
const secretNames = /pass(?:word(?!_?less)|wd|phrase)|(?:^|[^a-z])(?:pwd|pass(?![a-z]))|secret|token(?!i[sz])|credential|authorization|bearer|(?:api|access|account|private|signing|encryption|auth)_?key/i;
/** What says where a secret is, or of what kind. */
const ofSecrets = /_(?:ur[il]|path|file|endpoint|name|variable|env|header|type|kind|mode|separator|pattern|count|length|limit)_*$/i;

/** Whether what is called so is a secret: "API_TOKEN", "clientSecret". */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z\d])([A-Z])/g, "$1_$2").replaceAll("-", "_");
  return secretNames.test(words) && !ofSecrets.test(words);
}

/** What names like these hold besides: a number, a switch, nothing. */
const isPlain = (value: string): boolean => /^(?:\d{0,9}|true|false|null|undefined|include|same-origin|omit)$/.test(value);

/** What stands for a secret where none is shown. */
const isPlaceholder = (value: string): boolean => /^(?:\*+|…+|\.+|<.*>|\{.*\})$/.test(value);

/** Whether a text under a name is a secret; one of a few characters is hardly one. */
export const isSecretValue = (name: string, value: string): boolean => isSecretName(name) && value.length >= 8 && !isPlain(value) && !isPlaceholder(value);

const variablesOf: Readonly<Record<string, string>> = {
  s3: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
  gs: "GOOGLE_APPLICATION_CREDENTIALS",
  az: "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or a service principal's",
  postgres: "PGPASSWORD or DATABASE_URL",
  grpc: "LOCKSTEP_FLIGHT_TOKEN, or LOCKSTEP_FLIGHT_USER and LOCKSTEP_FLIGHT_PASSWORD",
  snowflake: "SNOWFLAKE_PASSWORD or SNOWFLAKE_PRIVATE_KEY_PATH",
};
const schemes: Readonly<Record<string, string>> = { s3a: "s3", postgresql: "postgres", "grpc+tls": "grpc", "grpc+tcp": "grpc" };

/** By what a text looks like. */
export function secretIn(text: string): Found | null {
  // Long texts of other things (queries, base64) are not searched for what cannot be in them.
  const url = text.includes("://") ? secretUrl(text) : null;
  if (url) return url;
  if (/-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/.test(text)) return { what: "a private key", variables: null };
  const [, key = ""] = [...text.matchAll(/(?:^|[\s;])(password|pwd|accountkey|sharedaccesskey)=([^\s;\0]{3,})/gi)].find(([, , value]) => !isPlaceholder(value!)) ?? [];
  // `host=… password=…`, `Server=…;Password=…`, `AccountName=…;AccountKey=…`
  if (key !== "" && /(?:^|[\s;])(?:host|hostaddr|server|data source|database|dbname|accountname|endpoint|uid|user|user id)=/i.test(text)) return { what: "a connection string with a password", variables: /^accountkey$/i.test(key) ? variablesOf.az! : null };
  return null;
}

const nameOf = (scheme: string): string => schemes[scheme.toLowerCase()] ?? scheme.toLowerCase();

/** A path may have an @, and a port stands before it; keys of stores have slashes. Bounds: a long text without an @ is read once. */
const logins = [/(s3a?|gs|az):\/\/[^\s/?#@:]{0,512}:([^\s?#@\0]{1,2048})@/gi, /([a-z][a-z0-9+.-]{0,20}):\/\/[^\s/?#@:]{0,512}:([^\s/?#@\0]{1,2048})@/gi];

function secretUrl(text: string): Found | null {
  const login = logins.flatMap((pattern) => [...text.matchAll(pattern)]).find(([, , password]) => !isPlaceholder(password!));
  if (login) return { what: "a URL with a password", variables: variablesOf[nameOf(login[1]!)] ?? null };
  const signed = [...text.matchAll(/[?&](?:x-amz-|x-goog-)?(?:signature|sig|password|(?:access_|security-)?token)=([^&\s\0]{3,})/gi)].some(([, value]) => !isPlaceholder(value!));
  const [, first = ""] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text) ?? [];
  return signed ? { what: "a URL with a signature or a token", variables: variablesOf[nameOf(first)] ?? null } : null;
}

/**
 * What of a bundler's `define` is a secret: by its name, by what it looks like, or because a variable of the environment with such a name has the same value.
 * `defined`: names, and JavaScript's text of their values, as bundlers take them.
 */
export function secretsAmong(defined: Readonly<Record<string, string>>, env: Readonly<Record<string, string | undefined>>): InlinedSecret[] {
  const variables = new Map(Object.entries(env).filter(([name, value]) => isSecretName(name) && value !== undefined && value.length >= 8).map(([name, value]) => [value!, name]));
  const found = Object.entries(defined).flatMap(([name, text]) =>
    leavesOf(valueOf(text), name).flatMap(([path, value]): InlinedSecret[] => {
      const looks = secretIn(value);
      const variable = variables.get(value);
      const isNamed = isSecretName(path.replace(/(?:\.\d+)+$/, "").replace(/^.*\./s, "")) && !isPlain(value);
      const why = looks ? `its value is ${looks.what}` : variable !== undefined ? `its value is that of ${variable} in the environment of this build` : isNamed ? "its name says so" : null;
      return why === null ? [] : [{ name, path, why, variables: looks?.variables ?? null }];
    }),
  );
  // Of an object whose members are defined one by one there is no text: it has what they have.
  const objects = Object.keys(defined).filter((name) => defined[name] === "");
  return [...found, ...found.flatMap((secret) => objects.filter((name) => secret.name.startsWith(`${name}.`)).map((name) => ({ ...secret, name, members: Object.keys(defined).filter((member) => member.startsWith(`${name}.`)) })))];
}

/** Undefined: it is computed. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // 'word' and `word` are no JSON.
    return /^(['`])(?:(?!\1)[^\\$])*\1$/s.test(text) ? text.slice(1, -1) : undefined;
  }
}

function leavesOf(value: unknown, path: string): (readonly [path: string, value: string])[] {
  if (typeof value === "string") return [[path, value]];
  return typeof value === "object" && value !== null ? Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, `${path}.${key}`)) : [];
}

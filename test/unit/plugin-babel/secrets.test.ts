/** What is taken for a secret in a text, and in what a bundler is told to define. */
import { compile, secretsAmong } from "@lockstep/plugin-babel/compile";
import { expect, it } from "vitest";
import { isSecretName, secretIn } from "../../../plugin-babel/src/source/secrets.ts";

it.each([
  ["postgres://me:word@host/sales", "a URL with a password", "PGPASSWORD"],
  ["postgresql://:word@host/sales", "a URL with a password", "PGPASSWORD"],
  ["see grpc+tls://me:word@host:31337 there", "a URL with a password", "LOCKSTEP_FLIGHT_TOKEN"],
  ["s3://AKIA:wo/rd+x@lake/trips", "a URL with a password", "AWS_SECRET_ACCESS_KEY"],
  ["https://me:word@host/x.csv", "a URL with a password", null],
  ["https://host/x?X-Amz-Expires=1&X-Amz-Signature=0123", "a URL with a signature or a token", null],
  ["https://account.blob.core.windows.net/c/x?sv=1&sig=0123", "a URL with a signature or a token", null],
  ["postgres://host/sales?password=word", "a URL with a signature or a token", "PGPASSWORD"],
  ["-----BEGIN RSA PRIVATE KEY-----\nMII", "a private key", null],
  ["Server=host;User Id=me;Password=word", "a connection string with a password", null],
  ["postgres://me:****@host/x or postgres://me:word@host/x", "a URL with a password", "PGPASSWORD"],
  ["http://host:80/,https://me:word@host/x", "a URL with a password", null],
  ["host=h user=me password=word", "a connection string with a password", null],
  ["AccountName=a;AccountKey=0123==;", "a connection string with a password", "AZURE_STORAGE_ACCOUNT_KEY"],
])("%s", (text, what, variable) => {
  expect(secretIn(text)).toMatchObject({ what, variables: variable === null ? null : expect.stringContaining(variable) });
});

it.each([
  "postgres://host:5432/sales", "http://localhost:8080/users@2", "https://me@host/x", "postgres://me:****@host/x", "postgres://me:<password>@host/x", "https://me:\0@host/x", "https://host/x?token=\0&a=b",
  "s3://lake/trips", "a: b@c", "SELECT * FROM users WHERE password = 'x'", "https://host/x?sort=sig", "password=", "x".repeat(200_000), "https://".repeat(20_000), "a=;".repeat(50_000), "s3://a:".repeat(20_000), "a://b".repeat(20_000),
])("%.40s is none", (text) => {
  expect(secretIn(text)).toBeNull();
});

it("names, values and the environment's values say what is a secret; its value is nowhere", () => {
  const found = secretsAmong(
    {
      __VERSION__: '"1.2.3"', "process.env.TOKEN_LIMIT": '"400"', "process.env.USE_TOKEN": '"true"', "process.env.API_TOKEN": '"planted"', __CODE__: "makeToken()", DEBUG: "true",
      __URL__: "'postgres://me:planted@host/x'", __CONFIG__: '{"api":{"secret":"planted","url":"https://host"},"list":["https://a:planted@b"]}', __OTHER__: '"planted-value"', __SHORT__: '"abc"',
    },
    { PGPASSWORD: "planted-value", MY_TOKEN: "abc", HOME: "1.2.3" },
  );
  expect(found.map(({ name, path, why }) => [name, path, why])).toEqual([
    ["process.env.API_TOKEN", "process.env.API_TOKEN", "its name says so"],
    ["__URL__", "__URL__", "its value is a URL with a password"],
    ["__CONFIG__", "__CONFIG__.api.secret", "its name says so"],
    ["__CONFIG__", "__CONFIG__.list.0", "its value is a URL with a password"],
    ["__OTHER__", "__OTHER__", "its value is that of PGPASSWORD in the environment of this build"],
  ]);
  expect(JSON.stringify(found)).not.toContain("planted");
});

it.each(["PASSWORD", "DB_PASS", "dbPass", "clientSecret", "API_TOKEN", "apiToken", "token2", "tokens", "credentials", "PGPASSWORD", "api_key", "privateKey", "AWS_ACCESS_KEY_ID"])("%s is the name of a secret", (name) => {
  expect(isSecretName(name)).toBe(true);
});

it.each(["TOKENIZER_PATH", "tokenizer", "__TOKEN_URL__", "tokenUrl", "FEATURE_PASSWORDLESS", "passwordless", "passenger", "bypass", "SECRET_FILE", "tokenVariable", "monkey", "key"])("%s is none", (name) => {
  expect(isSecretName(name)).toBe(false);
});

it("an object whose members are defined one by one has their secrets only as a whole", () => {
  const found = secretsAmong({ __CONFIG__: "", "__CONFIG__.api": "", "__CONFIG__.api.token": '"planted"', "__CONFIG__.api.url": '"https://host"', __OTHER__: "" }, {});
  const [all, api] = [["__CONFIG__.api", "__CONFIG__.api.token", "__CONFIG__.api.url"], ["__CONFIG__.api.token", "__CONFIG__.api.url"]];
  expect(found.map(({ name, path, members }) => [name, path, members])).toEqual([["__CONFIG__.api.token", "__CONFIG__.api.token", undefined], ["__CONFIG__", "__CONFIG__.api.token", all], ["__CONFIG__.api", "__CONFIG__.api.token", api]]);
  // What is no member is read of the object itself, which then stands there.
  expect(told("return [__CONFIG__.api.url, __CONFIG__.api['token'], __CONFIG__.list, __CONFIG__.api, __CONFIG__];", found)).toEqual(["__CONFIG__.api.token", "__CONFIG__", "__CONFIG__.api", "__CONFIG__"]);
});

it("Vite's environment as a whole has what its variables have", () => {
  const found = secretsAmong({ "import.meta.env": "", "import.meta.env.VITE_TOKEN": '"planted"', "import.meta.env.MODE": '"production"' }, {});
  expect(told("const { VITE_TOKEN } = import.meta.env; return [VITE_TOKEN, import.meta.env.MODE, import.meta.env['VITE_TOKEN']];", found)).toEqual(["import.meta.env", "import.meta.env.VITE_TOKEN"]);
});

it("the whole value of a name stands where a member of it is read", () => {
  const found = secretsAmong({ __CONFIG__: '{"api":{"token":"planted","url":"https://host"}}', "process.env.TOKEN": '"planted"' }, {});
  expect(told("return [__CONFIG__.api.url, __CONFIG__.api.token.length, (process.env as Env).TOKEN, process.env['TOKEN'], process.env.HOME, process.env];", found)).toEqual(["__CONFIG__", "__CONFIG__.api.token", "process.env.TOKEN", "process.env.TOKEN"]);
});

it("imports are followed from what runs on ranks, not from what a constant is computed of", () => {
  const source = `import { make } from "./make.ts";\nimport { word } from "./word.ts";\nconst made = make();\n${program("console.log(made, word);")}`;
  const { needs } = compile(source, { id: "job.ts" });
  expect(needs).toContain("job.ts\0./word.ts");
  expect(needs).not.toContain("job.ts\0./make.ts");
});

it.each([
  "tickets({ token: 'planted-4711' })", "tickets({ headers: { authorization: 'Bearer planted-4711' } })", "connect({ api: [{ clientSecret: `planted-4711` }] })", "tickets(GIVEN)", "new Client({ 'password': 'planted-4711' as string })",
])("the literal of %s is a secret by its name", (call) => {
  const [found, ...more] = compile(`const GIVEN = { token: "planted-4711" };\n${program(`const source = ${call}; return source;`)}`, { id: "job.ts" }).diagnostics.filter(({ code }) => code === "LS1223");
  expect(found).toMatchObject({ message: "A secret is written out here" });
  expect(more).toEqual([]);
  expect(JSON.stringify(found)).not.toContain("4711");
});

it.each([
  'rows.rename({ token: "ticket" }).numRows()', 'renamed(rows, { token: "ticket" }).numRows()', 'tickets({ tokenSeparator: "long enough", credentials: "same-origin", token: "short" })', 'tickets("https://host/x?token=<token>", "host=h password=****")',
  'tickets({ token: process.env.TOKEN ?? "", tokenUrl: "https://host", password: "<password>", tokens: "12" })', "tickets(`${process.env.TOKEN}`)",
  '[1].map(() => rows.rename({ token: "ticket" }).numRows())',
])("nothing in %s is", (code) => {
  expect(compile(program(`return ${code};`), { id: "job.ts" }).diagnostics.filter(({ code }) => code === "LS1223")).toEqual([]);
});

it("no frame shows a secret, however it is written", () => {
  const body = [
    'const one = "postgres://me:plan" +', '    "ted@host";', "const two = `-----BEGIN PRIVATE KEY-----", "planted-line-one", "planted-line-two", "-----END PRIVATE KEY-----`;",
    'const three = "Server=host;" +', '  "Password=plan" +', '  "ted-word";', 'const four = await readPostgres<Row>("x", { url: "postgres://me:plan" + "ted@host" });', "const five = await readPostgres<Row>('x', { accessToken: 'planted-word' } as never);", "if (rank() > tickets({ token: 'planted-more' }).length) await barrier();", "return [one, two, three, four.numRows(), rows.nmRows(), tickets({ token: 'planted-more', part: rank() })];",
  ];
  const { diagnostics } = compile(program(body.join("\n  ")), { id: "job.ts" });
  expect(diagnostics.map(({ code }) => code)).toEqual(expect.arrayContaining(["LS1223", "LS1118", "LS1102", "LS1315"]));
  expect(diagnostics.length).toBeGreaterThan(4);
  const shown = diagnostics.map(({ text, frame }) => text + frame).join("\n");
  expect(shown).not.toMatch(/plan|ted[@-]|me:/);
  expect(shown).toMatch(/> \d+ \| +const two = `\*+\n/);
});

const program = (body: string): string => `import { barrier, rank, readParquet, readPostgres, type Table } from "@lockstep/runtime";
interface Row { id: number; token: string }
declare const __CONFIG__: { api: { token: string; url: string }; list: string };
const tickets = (given: object): object[] => [given];
const renamed = (rows: Table<Row>, names: { token: "ticket" }) => rows.rename(names);
export async function job() {
  "use spmd";
  const rows = await readParquet<Row>("rows");
  ${body}
}
`;

/** The names that are told. */
const told = (body: string, inlined: ReturnType<typeof secretsAmong>): string[] =>
  compile(program(body), { id: "job.ts", inlined }).diagnostics.flatMap(({ message }) => /in the place of '(.*)'/.exec(message)?.[1] ?? []);

/** What is taken for a secret in a text, and in what a bundler is told to define. */
import { secretsAmong } from "@lockstep/plugin-babel/compile";
import { expect, it } from "vitest";
import { secretIn } from "../../../plugin-babel/src/source/secrets.ts";

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
  ["host=h user=me password=word", "a connection string with a password", null],
  ["AccountName=a;AccountKey=0123==;", "a connection string with a password", "AZURE_STORAGE_ACCOUNT_KEY"],
])("%s", (text, what, variable) => {
  expect(secretIn(text)).toMatchObject({ what, variables: variable === null ? null : expect.stringContaining(variable) });
});

it.each([
  "postgres://host:5432/sales", "http://localhost:8080/users@2", "https://me@host/x", "postgres://me:****@host/x", "postgres://me:<password>@host/x", "https://me:\0@host/x", "https://host/x?token=\0&a=b",
  "s3://lake/trips", "a: b@c", "SELECT * FROM users WHERE password = 'x'", "https://host/x?sort=sig", "password=", "x".repeat(200_000), "https://".repeat(20_000), "a=;".repeat(50_000),
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

import { expect, test } from "vitest";
import { storeCredentials } from "../../../runtime/src/launch/stores.ts";

test("doctor says where credentials come from, and shows none", async () => {
  const files = { AWS_SHARED_CREDENTIALS_FILE: "/nonexistent", AWS_CONFIG_FILE: "/nonexistent" };
  const secret = "planted4711";
  expect(await storeCredentials(files)).toMatch(/^s3: none, unless .*\ngs: .*\naz: none: AZURE_STORAGE_ACCOUNT_NAME is not set$/);
  const found = await storeCredentials({
    ...files, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: secret, AWS_ENDPOINT_URL: `http://u:${secret}@127.0.0.1:9000/x`,
    STORAGE_EMULATOR_HOST: "127.0.0.1:1", AZURE_STORAGE_ACCOUNT_NAME: "mine", AZURE_STORAGE_ACCOUNT_KEY: secret,
  });
  expect(found).toBe("s3: keys of the environment, http://127.0.0.1:9000\ngs: an emulator\naz: account mine, its key");
});

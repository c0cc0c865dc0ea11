import { expect, test } from "vitest";
import { LockstepError, readCsv, readParquet, table } from "@lockstep/runtime";

async function errorOf(run: () => Promise<unknown>): Promise<LockstepError> {
  const error: unknown = await run().then(() => undefined, (thrown: unknown) => thrown);
  if (error instanceof LockstepError) return error;
  throw new Error(`no LockstepError: ${String(error)}`);
}

test("a path that is not local is named without its secrets", async () => {
  const secret = "wJalrXUtnFEMI";
  for (const [url, shown] of [
    ["s3://bucket/trips/*.parquet", "s3://bucket/trips/*.parquet:"],
    [`s3://AKIA:${secret}@bucket/trips`, "s3://…@bucket/trips:"],
    [`https://${secret}@host/trips.parquet`, "https://…@host/trips.parquet:"],
    [`https://host:9000/trips.parquet?X-Amz-Signature=${secret}`, "https://host:9000/trips.parquet…:"],
    [`https://host/trips.parquet#${secret}`, "https://host/trips.parquet…:"],
    [`s3://AKIA:${secret}/K7MDENG@bucket/trips`, "s3://…:"],
    [`s3://AKIA:42/${secret}@bucket/trips`, "s3://…:"],
  ] as const) {
    const remote = URL.parse(url) ?? url;
    for (const run of [() => readParquet(url), () => readParquet(remote), () => readCsv([url]), () => table({ a: [1] }).writeParquet(url)]) {
      const error = await errorOf(run);
      expect([error.code, error.message.startsWith(shown)], `${error.message} starts with ${shown}`).toEqual(["LS2015", true]);
      expect(`${JSON.stringify(error)} ${error.stack}`).not.toContain(secret);
    }
  }
});

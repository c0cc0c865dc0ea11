import { createServer } from "node:http";
import { expect, test } from "vitest";
import { LockstepError, readCsv, readParquet, table } from "@lockstep/runtime";

async function errorOf(run: () => Promise<unknown>): Promise<LockstepError> {
  const error: unknown = await run().then(() => undefined, (thrown: unknown) => thrown);
  if (error instanceof LockstepError) return error;
  throw new Error(`no LockstepError: ${String(error)}`);
}

test("a URL that holds credentials is refused, and not printed", async () => {
  const secret = "wJalrXUtnFEMI";
  for (const url of [`s3://AKIA:${secret}@bucket/trips`, `https://${secret}@host/trips.parquet`, `s3://AKIA:${secret}/K7MDENG@bucket/trips`, `s3://AKIA:42/${secret}@bucket/trips`, `ftp://${secret}/x`]) {
    const remote = URL.parse(url) ?? url;
    for (const run of [() => readParquet(url), () => readParquet(remote), () => readCsv([url]), () => table({ a: [1] }).writeParquet(url)]) {
      const error = await errorOf(run);
      expect(error.code, error.message).toBe("LS2015");
      expect(`${JSON.stringify(error)} ${error.stack}`).not.toContain(secret);
    }
  }
});

test("a signed URL is printed without its query", async () => {
  const secret = "wJalrXUtnFEMI";
  const server = createServer((_, answer) => void answer.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    for (const end of [`?X-Amz-Signature=${secret}`, `#${secret}`]) {
      const error = await errorOf(() => readParquet(`http://127.0.0.1:${port}/trips.parquet${end}`));
      expect([error.code, error.message.startsWith(`http://127.0.0.1:${port}/trips.parquet does not exist`)], error.message).toEqual(["LS2001", true]);
      expect(`${JSON.stringify(error)} ${error.stack}`).not.toContain(secret);
    }
  } finally {
    server.close();
  }
});

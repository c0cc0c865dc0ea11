/** Where stages are: servers of the three stores, what is asked of them, and what is not sent there. */
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { bringFiles, openStage, type StageInfo } from "../../runtime/src/connectors/snowflake/stage.ts";
import { emulated } from "../../runtime/src/connectors/store/azure-credentials.ts";
import { azurite, BUCKET, SECRET, type Server, versitygw } from "../stores/servers.ts";

const folder = mkdtempSync(join(tmpdir(), "lockstep-stages-"));
/** One that is sent in one piece, one of three, and one without bytes. */
const sizes = { "small.parquet": 1_000, "large.parquet": (33 << 20) + 7, "empty.parquet": 0 };
const files = Object.keys(sizes).map((name) => join(folder, name));
const bytesOf = (size: number): Buffer => Buffer.alloc(size, "0123456789 abcdefghijklmnopqrstuvwxyz");

beforeAll(() => Object.entries(sizes).forEach(([name, size]) => writeFileSync(join(folder, name), bytesOf(size))));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** A signature for one container, as Azure's documentation has it. */
function sas(container: string): string {
  const [permissions, until, version] = ["racwdl", new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+/, ""), "2021-12-02"];
  const text = [permissions, "", until, `/blob/${emulated.name}/${container}`, "", "", "", version, "c", "", "", "", "", "", "", ""].join("\n");
  const signature = createHmac("sha256", Buffer.from(emulated.key!, "base64")).update(text).digest("base64");
  return `?${new URLSearchParams({ sp: permissions, se: until, sv: version, sr: "c", sig: signature }).toString()}`;
}

/** Objects by PUT and GET for who has the token: Google's emulator has no PUT of the interface that Snowflake's drivers use. */
async function tokenStore(): Promise<Server> {
  const objects = new Map<string, Buffer>();
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const found = objects.get(request.url!);
    if (request.headers.authorization !== "Bearer token") response.writeHead(401).end();
    else if (request.method === "PUT") {
      objects.set(request.url!, Buffer.concat(parts));
      response.end();
    } else response.writeHead(found ? 200 : 404).end(found);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { name: "tokens", endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bucket: BUCKET, env: {}, stop: async () => void server.close() };
}

const stores: [string, () => Promise<Server>, (server: Server) => StageInfo][] = [
  ["S3", versitygw, ({ endpoint, bucket }) => ({ locationType: "S3", location: `${bucket}/stages/a b/`, region: "us-east-1", endPoint: endpoint, creds: { AWS_KEY_ID: "test", AWS_SECRET_KEY: SECRET } })],
  ["Azure", azurite, ({ endpoint, bucket }) => ({ locationType: "AZURE", location: `${bucket}/stages/a b/`, storageAccount: emulated.name, endPoint: endpoint, creds: { AZURE_SAS_TOKEN: sas(bucket) } })],
  ["GCS", tokenStore, ({ endpoint, bucket }) => ({ locationType: "GCS", location: `${bucket}/stages/a b/`, endPoint: endpoint, creds: { GCS_ACCESS_TOKEN: "token" } })],
];

describe.each(stores)("%s", (_, start, infoOf) => {
  let server: Server;
  beforeAll(async () => void (server = await start()));
  afterAll(() => server?.stop());

  it("takes files of all sizes", async () => {
    expect(await bringFiles("t", files, infoOf(server), true)).toEqual({ left: [] });
    const { store, prefix } = openStage("t", infoOf(server), true);
    expect(prefix).toBe("stages/a b/");
    for (const [file, size] of Object.entries(sizes)) expect(Buffer.from((await store.get(prefix + file))!.bytes).equals(bytesOf(size)), file).toBe(true);
  });

  it("lets nobody in with credentials that are none, and what is left is known", async () => {
    const info = infoOf(server);
    const creds = Object.fromEntries(Object.entries(info.creds!).map(([key, value]) => [key, /SECRET|SAS|TOKEN/.test(key) ? value!.replace(/sig=.*/, "sig=planted").replace(/^(planted\/.*|token)$/, "planted") : value]));
    const { left, refused } = await bringFiles("t", files, { ...info, creds }, true);
    expect([...left].sort()).toEqual([...files].sort());
    expect(refused).toMatchObject({ code: "LS2020" });
    expect(JSON.stringify(refused) + String(refused!.stack)).not.toContain("planted");
  });
});

describe("addresses", () => {
  const [s3, azure, gcs] = [{ AWS_KEY_ID: "id", AWS_SECRET_KEY: "planted", AWS_TOKEN: "planted-token" }, { AZURE_SAS_TOKEN: "?sv=1&sig=planted" }, { GCS_ACCESS_TOKEN: "planted" }];
  const cases: [StageInfo, string][] = [
    [{ locationType: "S3", location: "sfc-b/x/stages/y/", region: "EU-West-1", endPoint: null, creds: s3 }, "https://sfc-b.s3.eu-west-1.amazonaws.com/x/stages/y/small.parquet"],
    [{ locationType: "S3", location: "sfc-b", region: "cn-north-1", endPoint: "", creds: s3 }, "https://sfc-b.s3.cn-north-1.amazonaws.com.cn/small.parquet"],
    [{ locationType: "s3", location: "sfc-b/x", region: "us-gov-west-1", endPoint: "s3-fips.us-gov-west-1.amazonaws.com", creds: s3 }, "https://sfc-b.s3-fips.us-gov-west-1.amazonaws.com/x/small.parquet"],
    [{ locationType: "AZURE", location: "stages/u/v/", storageAccount: "acc", endPoint: "blob.core.windows.net", creds: azure }, "https://acc.blob.core.windows.net/stages/u/v/small.parquet?sv=1&sig=planted"],
    [{ locationType: "AZURE", location: "stages", storageAccount: "acc", endPoint: "core.usgovcloudapi.net", creds: azure }, "https://acc.blob.core.usgovcloudapi.net/stages/small.parquet?sv=1&sig=planted"],
    [{ locationType: "GCS", location: "gcs-b/x/", creds: gcs }, "https://storage.googleapis.com/gcs-b/x/small.parquet"],
    [{ locationType: "GCS", location: "gcs-b/x/", region: "ME-CENTRAL2", creds: gcs }, "https://storage.me-central2.rep.googleapis.com/gcs-b/x/small.parquet"],
    [{ locationType: "GCS", location: "gcs-b/x/", region: "us-central1", useVirtualUrl: true, creds: gcs }, "https://gcs-b.storage.googleapis.com/x/small.parquet"],
    [{ locationType: "GCS", location: "gcs-b/x/", region: "us-central1", useRegionalUrl: true, endPoint: "gcs.example.com/", creds: gcs }, "https://gcs.example.com/gcs-b/x/small.parquet"],
  ];
  it.each(cases)("%j", async (info, url) => {
    const asked = vi.spyOn(globalThis, "fetch").mockImplementation(async () => new Response("", { status: info.locationType === "AZURE" ? 201 : 200 }));
    expect(await bringFiles("t", [files[0]!], info, false)).toEqual({ left: [] });
    const request = asked.mock.calls[0]![0] as Request;
    expect([request.method, request.url]).toEqual(["PUT", url]);
    if (info.locationType.toUpperCase() === "S3") expect(request.headers.get("x-amz-security-token")).toBe("planted-token");
    if (info.locationType === "GCS") expect(request.headers.get("authorization")).toBe("Bearer planted");
  });

  it.each([
    [{ locationType: "LOCAL_FS", location: "/tmp/x", creds: {} }, /is LOCAL_FS, and not in a store of Amazon's/],
    [{ locationType: "S3", location: "b/x", creds: {} }, /comes without AWS_KEY_ID/],
    [{ locationType: "GCS", location: "b/x", creds: null }, /comes without GCS_ACCESS_TOKEN/],
    [{ locationType: "S3", location: "b/x", isClientSideEncrypted: true, creds: s3 }, /encrypted before they are sent/],
    [{ locationType: "S3", location: "b/x", endPoint: "http://planted.example", creds: s3 }, /where nothing is encrypted on the way/],
  ] as [StageInfo, RegExp][])("%j is refused", (info, message) => {
    expect(() => openStage("t", info, false)).toThrow(expect.objectContaining({ code: "LS2015", message: expect.stringMatching(message) }) as Error);
    try {
      openStage("t", info, false);
    } catch (error) {
      expect(String(error)).not.toContain("planted");
    }
  });
});

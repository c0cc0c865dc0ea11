/** `/__lockstep` of Vite's development server. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import lockstep from "@lockstep/plugin-vite";
import { createLogger, createServer } from "vite";
import { afterEach, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { buildPlayground } from "../scripts/build-playground.mjs";
import { compiled, launch, openPage } from "./browser.ts";

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function project(packages: boolean): string {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-dev-"));
  made.push(folder);
  mkdirSync(join(folder, "src"));
  if (packages) symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "src/count.ts"), 'import { readCsv } from "@lockstep/runtime";\nexport async function lines(path: string) {\n  "use spmd";\n  return (await readCsv<{ a: number }>(path)).numRows();\n}\n');
  return folder;
}

async function start(folder: string, base = "/") {
  const said: string[] = [];
  const logger = createLogger("info");
  logger.info = (line) => void said.push(line);
  const server = await createServer({ root: folder, base, configFile: false, customLogger: logger, plugins: [lockstep()], server: { port: 0, host: "127.0.0.1" } });
  await server.listen();
  return { server, said };
}

it("shows the project's file, and follows its edits", async () => {
  await buildPlayground();
  const folder = project(true);
  const { server, said } = await start(folder, "/app/");
  const browser = await launch();
  try {
    const [address] = said.flatMap((line) => /http:\S+__lockstep\S+/.exec(line) ?? []);
    const { page, complaints } = await openPage(browser, address!.replace("localhost", "127.0.0.1").replace("/?", "?"));
    expect(await page.locator("#view").textContent()).toContain("src/count.ts#lines");
    await compiled(page, async () => writeFileSync(join(folder, "src/count.ts"), 'import { readCsv } from "@lockstep/runtime";\nexport async function rows(path: string) {\n  "use spmd";\n  return (await readCsv<{ a: number }>(path)).numRows();\n}\n'));
    expect(await page.locator("#view").textContent()).toContain("src/count.ts#rows");
    expect(complaints).toEqual([]);
  } finally {
    await browser.close();
    await server.close();
  }
});

it("answers pages of this machine only, whatever is asked for", async () => {
  const { server, said } = await start(project(true));
  try {
    const [address] = said.flatMap((line) => /http:\S+__lockstep\S+/.exec(line) ?? []);
    const { port, searchParams } = new URL(address!);
    const status = (path: string, headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => request({ host: "127.0.0.1", port, path: `/__lockstep${path}`, headers: { host: `localhost:${port}`, ...headers } }, (response) => resolve(response.resume().statusCode!)).on("error", reject).end());
    const authorization = `Bearer ${searchParams.get("token")}`;
    expect(await status("/api/project", { authorization })).toBe(200);
    expect(await status("/api/project", {})).toBe(401);
    expect(await status("/api/project", { authorization, host: "evil.example" })).toBe(403);
    expect(await status("/api/project", { authorization, origin: "http://evil.example" })).toBe(403);
    for (const path of ["//", "//api//project", "/%", "/assets/..%2f..%2fpackage.json", "/../../package.json"]) expect(await status(path, {}), path).toBeGreaterThan(199);
    expect(await status("/api/project", { authorization })).toBe(200);
  } finally {
    await server.close();
  }
});

it("is not there in a project without the package", async () => {
  const { server, said } = await start(project(false));
  expect(said.join("\n")).not.toContain("__lockstep");
  await server.close();
});

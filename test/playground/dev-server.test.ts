/** `/__lockstep` of Vite's development server. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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

it("is not there in a project without the package", async () => {
  const { server, said } = await start(project(false));
  expect(said.join("\n")).not.toContain("__lockstep");
  await server.close();
});

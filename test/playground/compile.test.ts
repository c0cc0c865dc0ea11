/** The compiler in the page is the plugin's: equal bytes for every fixture. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compileFile } from "@lockstep/plugin-babel";
import type { CompileResult } from "@lockstep/plugin-babel/compile";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { type Fixture, findFixtures } from "../snap/fixtures.ts";
import { launch, openPage } from "./browser.ts";
import { serveStatic } from "./static-server.ts";

let browser: Browser;
let page: Page;
let stop: () => void;

beforeAll(async () => {
  const { address, server } = await serveStatic();
  stop = () => server.close();
  browser = await launch();
  ({ page } = await openPage(browser, address));
  // The worker that the page itself uses, asked as the page asks it.
  const worker = readdirSync(join(root, "playground/dist/app/assets")).find((name) => /^worker-.*\.js$/.test(name))!;
  await page.evaluate((script) => {
    const thread = new Worker(script, { type: "module" });
    let next = 0;
    Object.assign(window, {
      compileInWorker: (files: object, main: string, options: object) =>
        new Promise((resolve) => {
          const id = next++;
          // It also says when it is ready.
          thread.onmessage = ({ data }) => data.id === id && resolve(data);
          thread.postMessage({ id, files, main, options });
        }),
    });
  }, `./assets/${worker}`);
});

afterAll(async () => {
  await browser?.close();
  stop?.();
});

async function inBrowser(files: Record<string, string>, main: string): Promise<CompileResult> {
  const answer = await page.evaluate(
    ([given, name]) => (window as unknown as { compileInWorker(f: object, m: string, o: object): Promise<unknown> }).compileInWorker(given, name, { root: "/", check: true }),
    [files, main] as const,
  );
  const { result, failed } = answer as { result?: CompileResult; failed?: string };
  if (!result) throw new Error(failed);
  return result;
}

/** Ids are paths of a disk in one and of a workspace in the other; nothing else may differ. */
const bytes = (result: CompileResult, folder: string): string => JSON.stringify({ ...result, dependencies: result.dependencies.map((id) => id.replace(folder, "")) });

it.each(findFixtures().map((fixture) => [fixture.name, fixture] as const))("%s", async (_, fixture: Fixture) => {
  const files = Object.fromEntries(readdirSync(fixture.folder).filter((name) => name.endsWith(".ts")).map((name) => [name, readFileSync(join(fixture.folder, name), "utf8")]));
  const inNode = compileFile(files["input.ts"]!, { id: fixture.input, root: fixture.folder, check: true });
  expect(bytes(await inBrowser(files, "input.ts"), "")).toBe(bytes(inNode, fixture.folder));
});

it("an example of several folders", async () => {
  const folder = join(root, "playground/examples/monthly-trips");
  const names = ["src/job.ts", "src/schema.ts", "src/time-bucket.ts"];
  const files = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  const inNode = compileFile(files["src/job.ts"]!, { id: join(folder, "src/job.ts"), root: folder, check: true });
  expect(inNode.rankModule).not.toBeNull();
  expect(bytes(await inBrowser(files, "src/job.ts"), "")).toBe(bytes(inNode, folder));
});

/** The site: links lead somewhere, live examples compile and open, pages are accessible. */
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { dirname, extname, join } from "node:path";
import { compile } from "@lockstep/plugin-babel/compile";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { launch } from "../playground/browser.ts";
import { sitePages } from "./site/pages.ts";
import { siteFolder, writeSite } from "./site/site.ts";

let browser: Browser;
let server: Server;
let address: string;

beforeAll(async () => {
  await writeSite();
  const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
  server = createServer((request, response) => {
    const file = join(siteFolder, new URL(request.url ?? "/", "http://localhost").pathname);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  server?.close();
});

const html = (path: string): string => readFileSync(join(siteFolder, `${path}.html`), "utf8");

it("every link leads to a page, every anchor to its heading", () => {
  const dead: string[] = [];
  for (const { path } of sitePages()) {
    const links = [...html(path).matchAll(/(?:href|src)="([^"]+)"/g)].map((match) => match[1]!).filter((link) => !/^https?:/.test(link));
    expect(links.length, path).toBeGreaterThan(50);
    for (const link of links) {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? join(siteFolder, `${path}.html`) : join(siteFolder, dirname(path), file);
      if (!existsSync(target)) dead.push(`${path}: ${link}`);
      else if (anchor && !file.includes("playground") && !new RegExp(`id="${anchor}"`).test(readFileSync(target, "utf8"))) dead.push(`${path}: ${link}`);
    }
  }
  expect(dead).toEqual([]);
});

it("every live example compiles without a word", () => {
  const examples = sitePages().flatMap((page) => [...page.markdown.matchAll(/^```ts live\n([^]*?)^```/gm)].map((match) => ({ page: page.path, text: match[1]! })));
  expect(examples.length).toBeGreaterThan(6);
  for (const { page, text } of examples) {
    const { diagnostics, rankModule } = compile(text, { id: "/src/job.ts", root: "/" });
    expect(diagnostics.map((d) => d.text), page).toEqual([]);
    expect(rankModule, page).not.toBeNull();
  }
});

it("the examples of the guide to collectives are those that the oracle runs", () => {
  const run = readFileSync(join(root, "test/oracle/programs/collectives-guide.ts"), "utf8");
  const shown = [...readFileSync(join(root, "playground/site/guides/collectives.md"), "utf8").matchAll(/^export (async function [^]*?^})$/gm)].map((match) => match[1]!);
  expect(shown.length).toBeGreaterThan(5);
  for (const text of shown) expect(run).toContain(text);
});

it("the API page has what the runtime exports", () => {
  const api = html("api");
  for (const name of ["readparquet", "readcsv", "table", "groupby", "writeparquet", "rolling", "locksteperror"]) expect(api).toContain(`id="${name}"`);
  expect(api).toContain("Rows for which the predicate is truthy.");
});

it("an example becomes an editor", async () => {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(`${address}/guides/csv.html`);
  await page.getByRole("link", { name: "Edit and compile it here" }).click();
  const frame = page.frameLocator("iframe");
  await expect.poll(() => frame.locator(".cm-content").textContent()).toContain("Station");
  // The page's compiler has not compiled yet.
  await expect.poll(() => frame.locator("#view").textContent()).toContain('lockstep.define("src/job.ts#docks"');
  expect(complaints).toEqual([]);
});

it.each(["light", "dark"] as const)("no page violates a rule of accessibility: %s", async (colorScheme) => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  // The policy of the pages admits no script of a test.
  const context = await browser.newContext({ colorScheme, bypassCSP: true });
  const page = await context.newPage();
  for (const path of shared(["index", "tutorial", "guides/tables", "api", "benchmarks", "verbs", "passes", "diagnostics/LS1101", "architecture"], colorScheme === "dark" ? 1 : 0)) {
    await page.goto(`${address}/${path}.html`);
    await page.evaluate(axe);
    const found = await page.evaluate(async () => (await (window as unknown as { axe: { run(options: { resultTypes: string[] }): Promise<{ violations: { id: string; nodes: { target: unknown[] }[] }[] }> } }).axe.run({ resultTypes: ["violations"] })).violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(" ")).join(", ")}`));
    expect(found, path).toEqual([]);
  }
});

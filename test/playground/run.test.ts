/** Runs: on ranks, compared, stopped, with one's own data; the project's file and its edits; who may ask. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLong, shared } from "../sample.ts";
import { root } from "../scripts/lib.mjs";
import { choose, compiled, launch, openPage, retype, violations } from "./browser.ts";
import { type LocalServer, servePlayground } from "./local-server.ts";

const attack = '<img src=x onerror="window.attacked=1">';
const program = `import { op, readCsv } from "@lockstep/runtime";
interface Sale { city: string; amount: number }
export async function totals(path: string) {
  "use spmd";
  return (await readCsv<Sale>(path)).groupby("city").rollup({ total: op.sum("amount") }).orderby("city").objects();
}
export default await totals(process.argv[2]!);
`;

let browser: Browser;
let server: LocalServer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lockstep-playground-"));
  mkdirSync(join(folder, "src"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "src/job.ts"), program);
  writeFileSync(join(folder, "sales.csv"), `city,amount\nOslo,1.5\n"${attack.replaceAll('"', '""')}",2\nOslo,3\n`);
  server = await servePlayground(folder);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = async (page: Page, ranks: number, args?: string): Promise<void> => {
  await page.click("#tab-run");
  await page.locator("form select").selectOption(String(ranks));
  if (args !== undefined) await page.getByLabel("Arguments of the program").fill(args);
  await page.keyboard.press("ControlOrMeta+Enter");
};
const verdict = (page: Page) => page.locator(".verdict").textContent({ timeout: 60_000 });
const part = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

describe("a run", () => {
  it("on 2 ranks is equal to plain Node; its table, chart, timeline, ranks and comparison are shown; text of data stays text", async () => {
    const { page, complaints, requests } = await openPage(browser, server.address);
    expect(page.url()).toBe(`${server.origin}/`);
    await run(page, 2, "sales.csv");
    expect(await verdict(page)).toContain("equal to plain Node4 values in default export");
    await expect.poll(() => page.locator(".rows-scroll tbody").textContent()).toBe(`0${attack}21Oslo4.5`);
    expect(await page.evaluate(() => "attacked" in window)).toBe(false);
    await part(page, "Chart");
    await expect.poll(() => page.locator(".plot svg rect").count()).toBeGreaterThan(1);
    expect(await page.evaluate(() => "attacked" in window)).toBe(false);
    await part(page, "Timeline");
    const drawn = () => page.locator("canvas").evaluate((canvas: HTMLCanvasElement) => new Set(canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data).size);
    await expect.poll(drawn).toBeGreaterThan(8);
    await part(page, "Ranks and bytes");
    expect(await page.locator(".run-part").textContent()).toMatch(/rows read(12|21).*ShuffleExec/s);
    await part(page, "Compare");
    expect(await page.locator(".run-part").textContent()).toContain("The program is the same in both.");
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(server.origin) && !/^(data|blob):/.test(url))).toEqual([]);
  });

  it("of every example is equal to plain Node on its data (two are run below)", async () => {
    const { page } = await openPage(browser, server.address);
    const examples = await page.locator('.examples optgroup[label="Examples"] option').evaluateAll((all) => all.map((option) => (option as HTMLOptionElement).value));
    expect(examples.length).toBeGreaterThan(3);
    for (const [n, example] of examples.filter((name) => isLong || !["city-sales", "sensor-windows"].includes(name)).entries()) {
      await choose(page, example);
      await run(page, 2);
      // Each makes two runs.
      await expect.poll(() => page.locator(".run-head select option:checked").textContent()).toBe(`#${2 * n + 1} 2 ranks`);
      expect(await verdict(page), example).toMatch(/^equal to plain Node[\d,]+ values/);
    }
  });

  it("of an example has its data; two runs are compared, before and after an edit", async () => {
    const { page } = await openPage(browser, server.address);
    await choose(page, "city-sales");
    await run(page, 1);
    expect(await verdict(page)).toContain("equal to plain Node40 values");
    await compiled(page, async () => {
      await page.locator(".cm-line", { hasText: "export default await turnover" }).click();
      await page.keyboard.press("End");
      await page.keyboard.type(" // edited");
    });
    await run(page, 3);
    await expect.poll(() => page.locator(".run-head select option:checked").textContent()).toBe("#3 3 ranks");
    expect(await verdict(page)).toContain("equal to plain Node");
    await part(page, "Compare");
    expect(await page.locator(".run-part").textContent()).toMatch(/exchanged.*− export default.*\+ export default await turnover\(path, Number\(least\)\); \/\/ edited/s);
  });

  it.each(["light", "dark"] as const)("is accessible in all its parts: %s", async (colorScheme) => {
    const { page } = await openPage(browser, server.address, { colorScheme });
    await choose(page, "sensor-windows");
    await run(page, 2);
    expect(await verdict(page)).toMatch(/^equal to plain Node[\d,]+ values/);
    for (const name of shared(["Result", "Chart", "Timeline", "Ranks and bytes", "Compare", "Printed"], colorScheme === "dark" ? 1 : 0)) {
      await part(page, name);
      await page.waitForTimeout(400);
      expect(await violations(page), name).toEqual([]);
    }
  });

  it("of many rows is aggregated on the ranks for its chart", async () => {
    const { page, complaints } = await openPage(browser, server.address);
    await retype(page, `import { readCsv } from "@lockstep/runtime";
interface Point { n: number; kind: string }
export async function copy(path: string) {
  "use spmd";
  await (await readCsv<Point>(path)).derive({ square: (d) => d.n * d.n }).writeParquet("out");
}
await copy(process.argv[2]!);
`);
    writeFileSync(join(folder, "points.csv"), `n,kind\n${Array.from({ length: 20_000 }, (_, n) => `${n},${n % 3 === 0 ? "fizz" : "other"}`).join("\n")}\n`);
    await run(page, 2, "points.csv");
    expect(await verdict(page)).toContain("60,000 values in out");
    // The last row, of a table whose rows are not all in the page.
    await page.locator(".rows-scroll").evaluate((scroll) => scroll.scrollTo(0, scroll.scrollHeight));
    await expect.poll(() => page.locator(".rows-scroll tbody tr").last().textContent()).toContain("399960001");
    expect(await page.locator(".rows-scroll tbody tr").count()).toBeLessThan(60);
    await part(page, "Chart");
    await page.getByLabel("up", { exact: true }).selectOption("square");
    await expect.poll(() => page.locator(".plot svg path").count()).toBeGreaterThan(0);
    await page.getByLabel("across", { exact: true }).selectOption("kind");
    await expect.poll(() => page.locator(".plot svg rect").count()).toBe(2);
    expect(complaints.filter((c) => !c.startsWith("Applying inline style"))).toEqual([]);
  });

  it("of any columns has a table and charts: names of the page's own, thousands, texts without end, NaN", async () => {
    const { page, complaints } = await openPage(browser, server.address);
    await retype(page, `import { readCsv } from "@lockstep/runtime";
interface Point { x: number; y: number }
export async function copy(path: string) {
  "use spmd";
  await (await readCsv<Point>(path)).derive({ ratio: (d) => d.x / (d.x % 7), nothing: (d) => (d.x < 0 ? 1 : null) }).writeParquet("out");
}
await copy(process.argv[2]!);
export default [Object.fromEntries([["text", "${attack.replaceAll('"', '\\"')}".repeat(100_000)], ["${attack.replaceAll('"', '\\"')}", 1], ...Array.from({ length: 2999 }, (_, n) => ["c" + n, n])])];
`);
    writeFileSync(join(folder, "xy.csv"), `x,y\n${Array.from({ length: 6000 }, (_, n) => `${n},${n % 10}`).join("\n")}\n`);
    await page.click("#tab-run");
    await page.getByLabel("compare with plain Node").uncheck();
    await run(page, 2, "xy.csv");
    await expect.poll(() => page.locator(".rows-table .note").textContent()).toBe("1 row, 3,001 columns, of which the first 100 are shown");
    await expect.poll(async () => (await page.locator(".rows-scroll td").nth(1).textContent())!.length).toBe(1001);
    await part(page, "Chart");
    await expect.poll(() => page.locator(".plot svg rect").count()).toBeGreaterThan(0);
    expect(Math.max(...(await page.locator(".plot svg text").allTextContents()).map((text) => text.length))).toBeLessThan(40);
    await part(page, "out");
    // A mean of every part of the axis, on it and up it.
    for (const [across, up] of [["y", "x"], ["ratio", "y"]] as const) {
      await page.getByLabel("across", { exact: true }).selectOption(across);
      await page.getByLabel("up", { exact: true }).selectOption(up);
      await expect.poll(() => page.locator(".plot svg").textContent()).toMatch(new RegExp(`mean of ${up}.*${across} →`));
      await expect.poll(() => page.locator(".plot svg path[d]").evaluateAll((all) => all.some((path) => (path.getAttribute("d") ?? "").split("L").length > 5))).toBe(true);
    }
    await page.getByLabel("across", { exact: true }).selectOption("nothing");
    await expect.poll(() => page.locator(".run-part .empty").textContent()).toContain("No row has a place here");
    expect(await page.locator(".plot svg").count()).toBe(0);
    expect(await page.evaluate(() => "attacked" in window)).toBe(false);
    expect(complaints.filter((c) => !c.startsWith("Applying inline style"))).toEqual([]);
  });

  it("that does not end is stopped, and the page goes on", async () => {
    const { page } = await openPage(browser, server.address);
    await retype(page, "console.log('nothing');\n");
    await run(page, 1, "");
    expect(await verdict(page)).toBe("not compared with plain Nodeneither left a result: there is nothing to compare");
    expect(await page.locator(".run-part").textContent()).toMatch(/^The program left no result: it has no default export, .*`export default await totals\(path\);`; what it printed is under "Printed"\.$/);
    await retype(page, "export default undefined;\n");
    await run(page, 1, "");
    await expect.poll(() => page.locator(".run-part").textContent()).toContain("its default export is null or undefined");
    expect(await verdict(page)).toContain("neither left a result");
    // With a function for ranks: without one, two ranks end it by themselves.
    await retype(page, "export async function ranks() {\n  \"use spmd\";\n  return 2;\n}\nconsole.log('begun');\nfor (;;);\n");
    await run(page, 1, "");
    await part(page, "Printed");
    await expect.poll(() => page.locator(".printed").textContent()).toContain("begun");
    await page.getByRole("button", { name: "Stop" }).click();
    await expect.poll(() => page.locator(".phase").textContent()).toBe("stopped");
    // Before the server has heard of it, too.
    let heard = (): void => undefined;
    const held = new Promise<void>((resolve) => (heard = resolve));
    await page.route("**/runs", async (route) => void (await held, await route.continue()), { times: 1 });
    await run(page, 2, "");
    await page.getByRole("button", { name: "Stop" }).click();
    heard();
    await expect.poll(() => page.locator(".run-head select option:checked").textContent()).toContain("2 ranks");
    await expect.poll(() => page.locator(".phase").textContent()).toBe("stopped");
    await retype(page, program);
    await run(page, 1, "sales.csv");
    expect(await verdict(page)).toContain("equal to plain Node");
  });

  it("reads an uploaded file, and exports its timeline for Perfetto", async () => {
    const { page } = await openPage(browser, server.address);
    await page.click("#tab-run");
    await page.setInputFiles('input[type="file"]', { name: "my sales.csv", mimeType: "text/csv", buffer: Buffer.from("city,amount\nLima,7\n") });
    await expect.poll(() => page.getByLabel("Arguments of the program").inputValue()).toBe('"uploads/my sales.csv"');
    await run(page, 1);
    expect(await verdict(page)).toContain("equal to plain Node2 values");
    await part(page, "Timeline");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export for Perfetto" }).click()]);
    // As `lockstep run --trace` writes it: a process a rank.
    const { traceEvents } = JSON.parse(readFileSync(await download.path(), "utf8")) as { traceEvents: { name: string; args?: { name?: string } }[] };
    expect(traceEvents.map((e) => e.name)).toContain("ScanExec");
    expect(traceEvents.filter((e) => e.name === "process_name").map((e) => e.args?.name)).toEqual(["rank 0"]);
  });

  it("that fails says why: a build error, an error of the run, a broken upload by its reader", async () => {
    const { page } = await openPage(browser, server.address);
    await retype(page, program.replace('"amount"', '"amuont"'));
    await run(page, 2, "sales.csv");
    await expect.poll(() => page.locator(".printed").textContent()).toContain("LS1101");
    await retype(page, program);
    await run(page, 2, "nowhere.csv");
    await expect.poll(() => page.locator(".printed").textContent()).toContain("LS2001");
    await retype(page, program.replace("readCsv<Sale>", "readParquet<Sale>").replace("readCsv", "readParquet"));
    await page.getByLabel("Arguments of the program").fill("");
    await page.setInputFiles('input[type="file"]', { name: "broken.parquet", mimeType: "application/octet-stream", buffer: Buffer.from("PAR1 no footer") });
    await expect.poll(() => page.getByLabel("Arguments of the program").inputValue()).toBe("uploads/broken.parquet");
    await run(page, 2);
    await expect.poll(() => page.locator(".printed").textContent()).toMatch(/LS2005: uploads\/broken\.parquet is damaged/);
  });
});

describe("the project", () => {
  it("is opened, and edits on disk are followed; what was edited in the page stays", async () => {
    const { page } = await openPage(browser, server.address);
    expect(await page.locator(".cm-content").textContent()).toContain("totals");
    await compiled(page, async () => writeFileSync(join(folder, "src/job.ts"), program.replaceAll("totals", "summed")));
    expect(await page.locator("#view").textContent()).toContain("src/job.ts#summed");
    await compiled(page, async () => {
      await page.locator(".cm-content").focus();
      await page.keyboard.press("ControlOrMeta+End");
      await page.keyboard.type("// mine");
    });
    writeFileSync(join(folder, "src/job.ts"), program);
    await expect.poll(() => page.locator(".notice").textContent()).toContain("changed on disk and here");
    expect(await page.locator(".cm-content").textContent()).toContain("// mine");
  });

  it("is not followed by a tab that nobody sees, which takes over what changed when it is seen again", async () => {
    const { page } = await openPage(browser, server.address);
    const see = (hidden: boolean) => page.evaluate((now) => {
      Object.defineProperty(document, "hidden", { configurable: true, value: now });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
    await see(true);
    writeFileSync(join(folder, "src/job.ts"), program.replaceAll("totals", "unseen"));
    await page.waitForTimeout(1500);
    expect(await page.locator(".cm-content").textContent()).not.toContain("unseen");
    await compiled(page, () => see(false));
    expect(await page.locator(".cm-content").textContent()).toContain("unseen");
    await compiled(page, async () => writeFileSync(join(folder, "src/job.ts"), program));
    expect(await page.locator(".cm-content").textContent()).toContain("totals");
    expect(await page.locator(".notice").count()).toBe(0);
  });

  it("is in the menu with what is on disk, while an example is shown", async () => {
    const { page } = await openPage(browser, server.address);
    const name = await page.inputValue(".examples select");
    await choose(page, "city-sales");
    writeFileSync(join(folder, "src/job.ts"), program.replaceAll("totals", "again"));
    await page.waitForTimeout(1500);
    expect(await page.locator(".cm-content").textContent()).toContain("turnover");
    await choose(page, name);
    expect(await page.locator(".cm-content").textContent()).toContain("again");
    await compiled(page, async () => writeFileSync(join(folder, "src/job.ts"), program));
    expect(await page.locator("#view").textContent()).toContain("src/job.ts#totals");
    expect(await page.locator(".notice").count()).toBe(0);
  });

  it("a file can be named; one that is not there is an error", async () => {
    const other = await servePlayground(tmpdir(), [join(root, "playground/examples/city-sales/src/job.ts")]);
    const { page } = await openPage(browser, other.address);
    expect(await page.locator(".cm-content").textContent()).toContain("turnover");
    await other.stop();
    await expect(servePlayground(tmpdir(), ["nowhere.ts"])).rejects.toThrow("there is no file nowhere.ts");
  });
});

describe("who may ask", () => {
  const status = (path: string, headers: Record<string, string>, method = "GET"): Promise<number> =>
    new Promise((resolve, reject) => {
      request(new URL(path, server.origin), { method, headers }, (response) => {
        response.resume();
        resolve(response.statusCode!);
      }).on("error", reject).end();
    });
  const authorization = () => `Bearer ${server.token}`;

  it("nobody without the token, no page of another host", async () => {
    expect(await status("/api/project", {})).toBe(401);
    expect(await status("/api/runs", {}, "POST")).toBe(401);
    expect(await status("/api/uploads/a.csv", { authorization: "Bearer guess" }, "POST")).toBe(401);
    expect(await status("/api/project", { authorization: authorization() })).toBe(200);
    expect(await status("/api/project", { authorization: authorization(), host: "evil.example" })).toBe(403);
    expect(await status("/api/project", { authorization: authorization(), origin: "https://evil.example" })).toBe(403);
    expect(await status("/", { host: "evil.example" })).toBe(403);
  });

  it("for files of the page only, and uploads only for data", async () => {
    expect(await status("/assets/..%2f..%2f..%2fpackage.json", {})).toBe(404);
    expect(await status("/api/uploads/..%2Fevil.csv", { authorization: authorization() }, "POST")).toBe(400);
    expect(await status("/api/uploads/evil.sh", { authorization: authorization() }, "POST")).toBe(400);
    expect(await status("/api/runs", { authorization: authorization() }, "POST")).toBe(400);
    expect(await status("/api/nothing", { authorization: authorization() })).toBe(404);
  });

  it("a program that came with a link runs only when it is asked for twice", async () => {
    const { page } = await openPage(browser, server.address);
    await retype(page, "export default [{ a: 1 }];\n");
    await page.keyboard.press("ControlOrMeta+s");
    await expect.poll(() => page.locator(".notice").textContent()).toContain("Link copied");
    const link = new URL(await page.evaluate(() => navigator.clipboard.readText()));
    await page.goto(`${server.address}${link.hash}`);
    await run(page, 1);
    await expect.poll(() => page.locator(".notice").textContent()).toContain("came with a link");
    expect(await page.locator(".run-head").count()).toBe(0);
    await run(page, 1);
    expect(await verdict(page)).toContain("equal to plain Node1 values");
  });

  it("a page whose server has ended says so, in a run and after it", async () => {
    const ended = await servePlayground(folder);
    const { page } = await openPage(browser, ended.address);
    await retype(page, "console.log('begun');\nfor (;;);\n");
    await run(page, 1, "");
    await expect.poll(() => page.locator("#view").textContent()).toContain("begun");
    await ended.end("SIGKILL");
    await expect.poll(() => page.locator(".run-head").textContent()).toContain("the local server has ended");
    await retype(page, program);
    expect(await page.locator(".status").textContent()).toContain("compiles");
    await run(page, 1);
    await expect.poll(() => page.locator(".run-head").textContent()).toContain("the local server does not answer");
  });

  it("the page says what is missing when it was opened without the token, or as static files", async () => {
    const { page } = await openPage(browser, server.origin);
    await page.click("#tab-run");
    expect(await page.locator("#view").textContent()).toContain("needs the token");
    expect(readFileSync(join(root, "playground/dist/app/index.html"), "utf8")).toContain('name="lockstep-server" content=""');
  });
});

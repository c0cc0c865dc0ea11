/** The page in a browser: the views of every example, errors, the link, the keyboard, accessibility. */
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { version } from "../../playground/package.json" with { type: "json" };
import { defaultOptions } from "../../playground/src/state/options.ts";
import { toHash } from "../../playground/src/state/share.ts";
import { shared } from "../sample.ts";
import { choose, compiled, launch, openPage, retype, settled, source, violations } from "./browser.ts";
import { serveStatic } from "./static-server.ts";

const small = `import { op, readCsv } from "@lockstep/runtime";
interface Sale { city: string; amount: number }
export async function totals(path: string) {
  "use spmd";
  const sales = await readCsv<Sale>(path);
  return sales.filter((d) => d.amount > 0).groupby("city").rollup({ total: op.sum("amount") }).objects();
}
`;

let browser: Browser;
let address: string;
let stop: () => void;

beforeAll(async () => {
  const server = await serveStatic();
  ({ address } = server);
  stop = () => server.server.close();
  browser = await launch();
});

// A page that stays open goes on drawing, and following its project.
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});

afterAll(async () => {
  await browser?.close();
  stop?.();
});

const view = (page: Page) => page.locator("#view");
const open = (page: Page, id: string) => page.click(`#tab-${id}`);
const tabs = (page: Page): Promise<string[]> => page.locator('[role="tab"]').evaluateAll((all) => all.map((tab) => tab.id.replace("tab-", "")));

/** The views of those in which nothing is drawn in a while. Opened in the page: hundreds of clicks from here would wait for frames. */
const emptyViews = (page: Page, views: readonly string[]): Promise<string[]> =>
  page.evaluate(async (ids) => {
    const empty: string[] = [];
    for (const id of ids) {
      const tab = document.getElementById(id)!;
      const isDrawn = (): boolean => tab.ariaSelected === "true" && !/^(Drawing…)?$/.test(document.getElementById("view")!.textContent);
      tab.click();
      for (const until = Date.now() + 60_000; !isDrawn() && Date.now() < until; ) await new Promise((resolve) => setTimeout(resolve));
      if (!isDrawn()) empty.push(id);
    }
    return empty;
  }, views.map((id) => `tab-${id}`));

describe("every example, the views in turn", () => {
  it("has something to show, complains of nothing, asks nobody else", async () => {
    const { page, complaints, requests } = await openPage(browser, address);
    const names = await page.locator(".examples option").evaluateAll((all) => all.map((option) => (option as HTMLOptionElement).value));
    expect(names.length).toBeGreaterThan(20);
    for (const [n, name] of names.entries()) {
      if (name !== (await page.inputValue(".examples select"))) await choose(page, name);
      expect(await emptyViews(page, shared(await tabs(page), n)), name).toEqual([]);
    }
    expect(complaints).toEqual([]);
    expect(requests.filter((url) => !url.startsWith(address) && !url.startsWith("data:"))).toEqual([]);
  });

  it("shows what the compiler found of the main job", async () => {
    const { page } = await openPage(browser, address);
    await open(page, "output");
    expect(await view(page).textContent()).toContain('lockstep.define("src/job.ts#monthlyTrips"');
    // The functions are what is shown at first.
    const [pane, define] = await Promise.all(["#view", ".code-line:has-text('lockstep.define')"].map((selector) => page.locator(selector).boundingBox()));
    expect(define!.y).toBeGreaterThan(pane!.y);
    expect(define!.y).toBeLessThan(pane!.y + pane!.height);
    await open(page, "passes");
    await page.getByRole("button", { name: "prune-columns" }).click();
    expect(await view(page).locator("ins").first().textContent()).toContain("demanded");
    await open(page, "types");
    expect(await view(page).textContent()).toContain("tripsPath reads 4 of 24 columns");
    await open(page, "distributions");
    await expect.poll(() => view(page).locator("svg .node").count()).toBe(10);
    expect(await view(page).textContent()).toContain("because line 29 moves rows");
    await open(page, "plan");
    await expect.poll(() => view(page).locator("svg .node").count()).toBe(2 * 12);
    await page.getByRole("button", { name: "4 ranks" }).click();
    await expect.poll(() => view(page).locator("svg .node").count()).toBe(4 * 12);
    await open(page, "row-functions");
    expect(await view(page).locator(".tier-native").count()).toBe(6);
    await open(page, "manifest");
    expect(await view(page).textContent()).toContain('"id": "src/job.ts#monthlyTrips"');
  });
});

describe("two-way highlighting", () => {
  it("a line of the output points at its line of the source, and back", async () => {
    const { page } = await openPage(browser, address);
    await page.locator(".code-line", { hasText: "await lockstep.readCsv(weatherPath" }).hover();
    await expect.poll(() => page.locator(".cm-pointed").textContent()).toContain("readCsv<Weather>");
    await page.locator(".cm-line", { hasText: "await monthly.writeParquet" }).click();
    await expect.poll(() => page.locator(".code-line[data-at]").allTextContents()).toContain("  await monthly.writeParquet(out, {\n");
    await open(page, "plan");
    await expect.poll(() => page.locator(".node[data-at] .node-title").allTextContents()).toEqual(["writeParquet", "writeParquet"]);
    await open(page, "passes");
    expect(await page.locator(".ir-line[data-at]").textContent()).toContain("writeParquet");
  });

  it("a click in a view goes to the line", async () => {
    const { page } = await openPage(browser, address);
    await open(page, "distributions");
    await page.locator(".reasons li", { hasText: "orderby" }).click();
    await expect.poll(() => page.locator(".cm-activeLine").textContent()).toContain('.orderby("PULocationID"');
  });
});

describe("the editor", () => {
  it("shows distributions and columns at the lines, and a table's schema on hover", async () => {
    const { page } = await openPage(browser, address);
    expect(await page.locator(".inlay").allTextContents()).toContain("block · date, precipitation");
    await page.locator(".cm-line", { hasText: ".rename(" }).getByText("rename").first().hover();
    await expect.poll(() => page.locator(".schema").textContent()).toMatch(/rename.*precipitationnumber.*moves no row/);
  });

  it("a misspelt column: marked, explained, mended by a click; the views stay, greyed", async () => {
    const { page } = await openPage(browser, address);
    await retype(page, small);
    await retype(page, small.replace("d.amount", "d.amuont"));
    expect(await page.locator(".status").textContent()).toContain("1 error");
    expect(await view(page).getAttribute("class")).toContain("stale");
    expect(await view(page).textContent()).toContain("src/job.ts#totals");
    await page.locator(".cm-lintRange-error").hover();
    await expect.poll(() => page.locator(".cm-diagnostic").textContent()).toMatch(/LS1101.*amuont.*because its columns are city, amount/);
    await compiled(page, () => page.locator(".cm-diagnosticAction").click());
    expect(await page.locator(".cm-content").textContent()).toContain("d.amount > 0");
    expect(await view(page).getAttribute("class")).not.toContain("stale");
  });

  it("of a program that has never compiled the views say so, and lead to its mistakes", async () => {
    const { page } = await openPage(browser, address);
    await choose(page, "mistakes/error.columns");
    for (const id of ["output", "types", "distributions", "plan", "row-functions", "manifest"]) {
      await open(page, id);
      expect(await view(page).textContent(), id).toContain("The program has errors");
    }
    await view(page).getByRole("button", { name: "Diagnostics" }).click();
    expect(await view(page).textContent()).toContain("LS1101");
    expect(await page.title()).toBe("mistakes/error.columns · Lockstep playground");
  });

  it("a syntax error while typing keeps the last good views", async () => {
    const { page, complaints } = await openPage(browser, address);
    const before = await view(page).textContent();
    await page.locator(".cm-content").focus();
    await page.keyboard.press("ControlOrMeta+End");
    await compiled(page, () => page.keyboard.type("if ("));
    expect(await page.locator(".status").textContent()).toContain("1 error");
    expect(await view(page).textContent()).toBe(before);
    expect(await view(page).getAttribute("class")).toContain("stale");
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Backspace");
    await compiled(page, () => page.keyboard.press("ControlOrMeta+Backspace"));
    expect(await view(page).getAttribute("class")).not.toContain("stale");
    expect(complaints).toEqual([]);
  });

  it("helpers are files of their own", async () => {
    const { page } = await openPage(browser, address);
    await retype(page, `import { isLarge } from "./large.ts";\n${small.replace("d.amount > 0", "isLarge(d.amount)")}`);
    await page.getByRole("button", { name: "+ file" }).click();
    await page.getByLabel("Path of the new file").fill("../large.ts");
    await page.keyboard.press("Enter");
    expect(await page.getByRole("alert").textContent()).toContain("relative path");
    await page.getByLabel("Path of the new file").fill("src/large.ts");
    await compiled(page, () => page.keyboard.press("Enter"));
    await retype(page, "export const isLarge = (n: number): boolean => n > 1000;\n");
    await open(page, "row-functions");
    await expect.poll(() => view(page).textContent()).toContain("→ amount > 1000");
  });

  it("strict makes an error of what is gathered", async () => {
    const { page } = await openPage(browser, address);
    await choose(page, "control/gathering-loop");
    expect(await page.locator(".status").textContent()).not.toContain("error");
    await page.getByRole("button", { name: "Options" }).click();
    await compiled(page, () => page.getByLabel("strict").check());
    expect(await page.locator(".status").textContent()).toContain("error");
  });
});

it("a program with a carriage return at each end of a line is the same program", async () => {
  const files = { "src/job.ts": small.replaceAll("\n", "\r\n"), "src/other.ts": "export const a = 1;\r\n" };
  const { page } = await openPage(browser, address + toHash({ title: "windows", files, entry: "src/job.ts", options: defaultOptions, view: "output" }, version));
  expect(await page.locator(".inlay").count()).toBe(2);
  await page.getByRole("button", { name: "src/other.ts", exact: true }).click();
  await compiled(page, () => retype(page, "export const a = 2;\n"));
  await page.getByRole("button", { name: /^src\/job.ts/ }).click();
  expect(await source(page)).toBe(small);
});

describe("a link", () => {
  it("brings files, options and the view back", async () => {
    const { page } = await openPage(browser, address);
    await choose(page, "control/helpers");
    await page.getByRole("button", { name: "Options" }).click();
    await compiled(page, () => page.getByLabel("strict").check());
    await page.keyboard.press("Escape");
    await open(page, "types");
    await page.keyboard.press("ControlOrMeta+s");
    await expect.poll(() => page.locator(".notice").textContent()).toContain("Link copied");
    const link = await page.evaluate(() => navigator.clipboard.readText());
    const again = await openPage(browser, link);
    expect(await again.page.locator(".files").textContent()).toBe(await page.locator(".files").textContent());
    expect(await again.page.locator(".cm-content").textContent()).toBe(await page.locator(".cm-content").textContent());
    expect(await again.page.locator("#tab-types").getAttribute("aria-selected")).toBe("true");
    expect(await again.page.getByLabel("strict", { exact: true }).isChecked()).toBe(true);
    expect(await again.page.locator(".notice").count()).toBe(0);
    const other = await openPage(browser, link.replace(/v=[^&]*/, "v=9.9.9"));
    expect(await other.page.locator(".notice").textContent()).toContain("made with Lockstep 9.9.9");
  });

  it("that is damaged says so, and the page works", async () => {
    const { page } = await openPage(browser, `${address}#v=0.1.0&s=AAAAbroken`);
    expect(await page.locator(".notice").textContent()).toContain("The link is damaged");
    expect(await view(page).textContent()).toContain("monthlyTrips");
  });
});

it("an endless compile is stopped, and the next one works", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  let first = true;
  // The first worker that the page gets is there, and never answers.
  await page.route(/assets\/worker-.*\.js$/, (route) => {
    if (!first) return route.continue();
    first = false;
    return route.fulfill({ contentType: "text/javascript", body: "postMessage({ ready: true }); onmessage = () => { for (;;); };" });
  });
  await page.goto(address);
  await settled(page);
  expect(await page.locator(".status").textContent()).toContain("was stopped");
  await retype(page, small);
  expect(await page.locator(".status").textContent()).toContain("compiles");
  await context.close();
});

it("works where the browser keeps nothing, a file is not to be had, a layout does not end", async () => {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get: () => { throw new DOMException("denied", "SecurityError"); } });
  });
  await page.route(/assets\/elk-worker.*\.js$/, (route) => route.fulfill({ contentType: "text/javascript", body: "onmessage = () => { for (;;); };" }));
  await page.goto(address);
  await settled(page);
  await page.click(".theme");
  expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
  await open(page, "distributions");
  await expect.poll(() => view(page).locator("svg .node").count()).toBe(10);
  await page.route(/assets\/.*\.js$/, (route) => route.abort());
  await page.selectOption(".examples select", "verbs/windows");
  await expect.poll(() => page.locator(".notice").textContent()).toContain("verbs/windows could not be loaded");
  await retype(page, small);
  expect(await page.locator(".status").textContent()).toContain("compiles");
  await context.close();
});

const opened = (files: Record<string, string>, title: string) => openPage(browser, address + toHash({ title, files, entry: Object.keys(files)[0]!, options: defaultOptions, view: "output" }, version));

it("a program that nests too deeply is refused in a sentence; one of hundreds of tables is shown", async () => {
  const deep = await opened({ "a.ts": small.replace(".filter(", `${".filter((d) => d.amount > 1)".repeat(3000)}.filter(`) }, "deep");
  expect(await deep.page.locator(".status").textContent()).toContain("1 error");
  await open(deep.page, "diagnostics");
  expect(await view(deep.page).textContent()).toContain("a.ts nests deeper than the compiler can follow");
  await retype(deep.page, small);
  expect(await deep.page.locator(".status").textContent()).toContain("compiles");
  const chain = Array.from({ length: 400 }, (_, n) => `  const t${n + 1} = t${n}.filter((d) => d.amount > ${n});`).join("\n");
  const { page, complaints } = await opened({ "a.ts": small.replace("const sales =", "const t0 =").replace("  return sales", `${chain}\n  return t400`) }, "long");
  expect(await page.locator(".status").textContent()).toContain("compiles");
  for (const id of await tabs(page)) {
    await open(page, id);
    await expect.poll(() => view(page).textContent(), { message: id }).not.toMatch(/^(.*Drawing….*)?$/s);
  }
  expect(complaints).toEqual([]);
});

it("names of files, tables, columns and titles are never executed, either", async () => {
  const attack = "<img src=x onerror='window.attacked=1'>";
  const program = `import { op, readCsv } from "@lockstep/runtime";
interface Row { "${attack}": string; amount: number }
export async function f(path: string) {
  "use spmd";
  const rows = (await readCsv<Row>(path)).groupby("${attack}").rollup({ "<b>sum</b>${attack}": op.sum("amount") });
  return rows.orderby("<i>sum").objects();
}
`;
  const { page } = await opened({ "src/job.ts": program, [`${attack}.ts`]: "export {};" }, `</title>${attack}`);
  expect(await page.locator(".files").textContent()).toBe("src/job.tscompiled");
  await page.locator(".cm-lintRange-error").hover();
  await expect.poll(() => page.locator(".cm-diagnostic").textContent()).toContain(attack);
  await compiled(page, () => retype(page, program.replace("<i>sum", `<b>sum</b>${attack}`)));
  await page.locator(".cm-line", { hasText: "groupby" }).getByText("rollup").first().hover();
  await expect.poll(() => page.locator(".schema").textContent()).toContain(attack);
  for (const id of await tabs(page)) {
    await open(page, id);
    await page.waitForTimeout(100);
  }
  expect(await page.locator(".examples").textContent()).toContain(`</title>${attack}`);
  expect(await page.evaluate(() => "attacked" in window)).toBe(false);
  expect(await page.locator("img:not(.cm-widgetBuffer), b:has(img)").count()).toBe(0);
});

it("text in a program is never executed", async () => {
  const { page } = await openPage(browser, address);
  const attack = '<img src=x onerror="window.attacked=1">';
  await retype(page, small.replace("d.amount > 0", `d.city !== ${JSON.stringify(attack)}`));
  for (const id of await tabs(page)) {
    await open(page, id);
    await page.waitForTimeout(30);
  }
  await open(page, "row-functions");
  await expect.poll(() => view(page).textContent()).toContain("<img src=x");
  expect(await page.evaluate(() => "attacked" in window)).toBe(false);
  expect(await page.locator("img:not(.cm-widgetBuffer)").count()).toBe(0);
});

it("everything is reached by the keyboard", async () => {
  const { page } = await openPage(browser, address);
  const focused = () => page.evaluate(() => {
    const inner = document.activeElement?.shadowRoot?.activeElement ?? document.activeElement;
    return inner?.getAttribute("aria-label") ?? inner?.textContent ?? "";
  });
  await page.keyboard.press("F6");
  expect(await focused()).toBe("Source of src/job.ts");
  await page.keyboard.press("F6");
  expect(await focused()).toBe("Output");
  await page.keyboard.press("ArrowRight");
  expect(await focused()).toBe("Passes");
  await page.keyboard.press("End");
  await page.keyboard.press("Home");
  expect(await focused()).toBe("Output");
  await page.keyboard.press("Alt+Digit5");
  expect(await page.locator("#tab-plan").getAttribute("aria-selected")).toBe("true");
  await page.getByLabel(/^readCsv :11 Bcast/).first().waitFor();
  // From the first control on, Tab comes by the menu, the buttons, the editor and the tabs, and is held nowhere.
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  const seen = new Set<string>();
  for (let n = 0; n < 70; n++) {
    await page.keyboard.press("Tab");
    seen.add(await focused());
  }
  for (const control of ["Options", "Share", "Download", "Source of src/job.ts", "Plan", "2 ranks", "Larger", "readCsv :11 Bcast"]) expect([...seen].filter((name) => name.startsWith(control)), control).not.toEqual([]);
});

describe("accessibility", () => {
  it.each([["light", 1440, 0], ["dark", 1440, 1], ["light", 600, 0]] as const)("no violation in any view: %s, %i pixels", async (colorScheme, width, turn) => {
    const { page } = await openPage(browser, address, { colorScheme, width });
    for (const [n, name] of ["monthly-trips", "mistakes/error.columns", "row-functions/v8-tier"].entries()) {
      if (name !== "monthly-trips") await choose(page, name);
      for (const id of shared(await tabs(page), turn + n)) {
        await open(page, id);
        await page.waitForTimeout(100);
        expect(await violations(page), `${name}: ${id}`).toEqual([]);
      }
    }
    await page.getByRole("button", { name: "Options" }).click();
    expect(await violations(page), "options").toEqual([]);
  });
});

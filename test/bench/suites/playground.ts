/** The playground's figures, in the browser that its tests use. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { launch, openPage, retype } from "../../playground/browser.ts";
import { servePlayground } from "../../playground/local-server.ts";
import { serveStatic } from "../../playground/static-server.ts";
import { root } from "../../scripts/lib.mjs";
import { traced } from "../trace.ts";

interface Figure {
  readonly case: string;
  readonly unit: string;
  readonly value: number;
  readonly limit: number;
}

const quantile = (values: readonly number[], q: number): number => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]!;

export async function playground(rounds: number): Promise<Figure[]> {
  const { address, server } = await serveStatic();
  const browser = await launch();
  const folder = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
  try {
    return [...(await load(browser, address, rounds)), await typing(browser, address), ...(await running(browser, folder))];
  } finally {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a first visit loads until the first views are there, compressed; and how long that takes. */
async function load(browser: Browser, address: string, rounds: number): Promise<Figure[]> {
  const seconds: number[] = [];
  let loaded: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const { page, requests } = await openPage(browser, address);
    seconds.push((performance.now() - started) / 1000);
    loaded = requests;
    await page.context().close();
  }
  const sizes = loaded.map((url) => gzipSync(readFileSync(join(root, "playground/dist/app", new URL(url).pathname.replace(/^\/$/, "/index.html"))), { level: 9 }).length);
  return [
    { case: "first load", unit: "bytes, gzip", value: sizes.reduce((a, b) => a + b, 0), limit: 1_500_000 },
    { case: "first load until the views are there", unit: "seconds, median", value: quantile(seconds, 0.5), limit: 1.5 },
  ];
}

/** From a key going down to the frame that shows the views of the new text. */
async function typing(browser: Browser, address: string): Promise<Figure> {
  const { page } = await openPage(browser, address);
  await retype(page, longProgram());
  await page.locator(".cm-content").focus();
  await page.keyboard.press("ControlOrMeta+Home");
  await page.keyboard.press("End");
  await page.evaluate(() => {
    const times: number[] = [];
    let down = 0;
    let told = (): void => undefined;
    addEventListener("keydown", (event) => void (down = event.timeStamp), true);
    const shown = new MessageChannel();
    shown.port1.onmessage = () => {
      times.push(performance.now() - down);
      told();
    };
    // A message that is sent while a frame is made arrives when it has been.
    new MutationObserver(() => requestAnimationFrame(() => shown.port2.postMessage(null))).observe(document.querySelector(".status")!, { attributeFilter: ["data-answers"] });
    // Asking for the state again and again would take the page's time.
    Object.assign(window, { keystrokes: times, nextShown: () => new Promise<void>((resolve) => (told = resolve)) });
  });
  for (let n = 0; n < 60; n++) {
    const shown = page.evaluate(() => (window as unknown as { nextShown(): Promise<void> }).nextShown());
    await page.keyboard.press(String(n % 10));
    await shown;
    await page.waitForTimeout(60);
  }
  const times = await page.evaluate(() => (window as unknown as { keystrokes: number[] }).keystrokes);
  // The first ten warm the compiler up.
  return { case: "keystroke to updated views, 200 lines", unit: "ms, p95", value: quantile(times.slice(10), 0.95), limit: 100 };
}

/** Eleven functions of 18 lines, each a plan of its own. The first line ends where digits can be typed. */
function longProgram(): string {
  const functions = Array.from({ length: 11 }, (_, n) => `
export async function report${n}(path: string, out: string) {
  "use spmd";
  const trips = (await readParquet<Trip>(path)).filter((d) => d.miles > LEAST);
  const daily = trips
    .derive({
      month: (d) => d.pickup.getUTCMonth() + 1,
      long: (d) => d.miles > ${n + 5},
    })
    .groupby("zone", "month", "long")
    .rollup({
      trips: op.count(),
      miles: op.mean("miles"),
    })
    .orderby("zone", "month", "long");
  await daily.writeParquet(out, { mode: "overwrite" });
  return daily.numRows();
}`);
  return `const LEAST = 1\nimport { op, readParquet } from "@lockstep/runtime";\ninterface Trip { pickup: Date; zone: number; miles: number }\n${functions.join("")}\n`;
}

const ROWS = 1_000_000;

/** A result of a million rows and a timeline of 100,000 spans, scrolled and panned. */
async function running(browser: Browser, folder: string): Promise<Figure[]> {
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "job.ts"), 'import { readCsv } from "@lockstep/runtime";\nasync function copy(path: string) {\n  "use spmd";\n  const rows = await readCsv<{ n: number }>(path);\n  await rows.derive({ square: (d) => d.n * d.n, even: (d) => d.n % 2 === 0 }).writeParquet("out");\n}\nawait copy("numbers.csv");\n');
  writeFileSync(join(folder, "numbers.csv"), `n\n${Array.from({ length: ROWS }, (_, n) => n).join("\n")}\n`);
  const local = await servePlayground(folder, [join(folder, "job.ts")]);
  try {
    const { page } = await openPage(browser, local.address);
    await page.route("**/api/runs/*/profile", (route) => route.fulfill({ json: syntheticProfile() }));
    await page.click("#tab-run");
    await page.getByLabel("compare with plain Node").uncheck();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.locator(".rows-scroll tbody tr").nth(5).waitFor({ timeout: 60_000 });
    const rows = await traced(browser, page, () => scrollRows(page));
    await page.getByRole("button", { name: "Timeline", exact: true }).click();
    await page.locator(".timeline canvas").waitFor();
    await page.waitForTimeout(500);
    const timeline = await traced(browser, page, () => panTimeline(page));
    return [
      { case: "1 M rows scrolled", unit: "ms of script a frame, p95", value: rows.scriptOfFrame, limit: 8 },
      { case: "1 M rows scrolled", unit: "ms, longest task", value: rows.longestTask, limit: 50 },
      { case: "timeline of 100,000 events panned and zoomed", unit: "ms of script a frame, p95", value: timeline.scriptOfFrame, limit: 8 },
      { case: "timeline of 100,000 events panned and zoomed", unit: "ms, longest task", value: timeline.longestTask, limit: 50 },
    ];
  } finally {
    await local.stop();
  }
}

async function scrollRows(page: Page): Promise<void> {
  await page.locator(".rows-scroll").evaluate(async (scroll) => {
    for (let n = 0; n < 150; n++) {
      // Small steps, and now and then far away.
      scroll.scrollTop = n % 30 === 29 ? (scroll.scrollHeight / 5) * Math.floor(n / 30) : scroll.scrollTop + 120;
      await new Promise(requestAnimationFrame);
    }
  });
}

async function panTimeline(page: Page): Promise<void> {
  const box = (await page.locator("canvas").boundingBox())!;
  const [x, y] = [box.x + box.width / 2, box.y + 40];
  await page.mouse.move(x, y);
  for (let n = 0; n < 40; n++) await page.mouse.wheel(0, n % 20 < 12 ? -120 : 120);
  await page.mouse.down();
  for (let n = 0; n < 60; n++) await page.mouse.move(x + (n % 30) * 6 - 90, y);
  await page.mouse.up();
}

/** 4 ranks, 100 executions of 250 busy operators. */
function syntheticProfile(): unknown {
  const counters = (n: number) => ({ rows: n, batches: 1, busyMs: 1 + (n % 7), bytesSent: 0, bytesReceived: 0, spilledBytes: 0 });
  const operators = Array.from({ length: 250 }, (_, n) => ({ stage: 0, depth: n, name: ["ScanExec", "FilterExec", "ShuffleExec", "AggregateExec"][n % 4], detail: `operator ${n}`, ranks: [0, 1, 2, 3].map((rank) => counters(n + rank)) }));
  // Each operator for 7 ms, one after the other.
  const spans = [0, 1, 2, 3].map((rank) => operators.map((_, n) => [n, rank, n * 8, n * 8 + 7]));
  return { ranks: 4, threads: 1, executions: Array.from({ length: 100 }, (_, n) => ({ ended: (n + 1) * 2100, seconds: 2, peakBytes: [1, 1, 1, 1], operators, spans })) };
}

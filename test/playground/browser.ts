/** A real browser: the system's Chromium, through playwright-core. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import { findProgram } from "../programs.ts";

/** Names of its program on Debian, Fedora, and as Google ships it; the shell first, as it draws no window around each page, which takes as long as the page. */
const programs = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/** The program; on Debian, as root, it is installed if need be. */
function install(): string {
  const there = process.env.LOCKSTEP_CHROMIUM ?? findProgram(programs);
  if (there) return there;
  try {
    execFileSync("apt-get", ["update", "-qq"], { stdio: "ignore" });
    // Not every Debian has the shell as a package of its own.
    const shell = spawnSync("apt-cache", ["show", programs[0]!], { stdio: "ignore" }).status === 0;
    execFileSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", shell ? programs[0]! : "chromium"], { stdio: "ignore" });
  } catch (error) {
    throw new Error("tests of the playground need Chromium: `apt-get install chromium-headless-shell` as root, or LOCKSTEP_CHROMIUM=/path/to/it", { cause: error });
  }
  return findProgram(programs)!;
}

export async function launch(): Promise<Browser> {
  // Tests run as root in containers, where Chromium's sandbox cannot start; the pages are ours.
  return chromium.launch({ executablePath: install(), args: ["--no-sandbox"] });
}

/** What a page has for anything it is asked, in milliseconds: a machine that compiles something else meanwhile is slow. */
const PATIENCE = 120_000;

export interface Watched {
  readonly page: Page;
  /** What the page complained about: errors of scripts, refusals of its policy, failed loads. */
  readonly complaints: string[];
  /** Addresses that were asked for. */
  readonly requests: string[];
}

export async function openPage(browser: Browser, address: string, options: { colorScheme?: "light" | "dark"; width?: number; height?: number } = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: options.width ?? 1440, height: options.height ?? 900 }, colorScheme: options.colorScheme ?? "light", permissions: ["clipboard-read", "clipboard-write"] });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.goto(address);
  await settled(page);
  return { page, complaints, requests };
}

/** Waits until the compiler has answered and nothing is asked any more. */
export async function settled(page: Page, since = 0): Promise<void> {
  await page.waitForFunction((before) => {
    const { answers, pending } = document.querySelector<HTMLElement>(".status")?.dataset ?? {};
    return Number(answers) > before && pending === undefined;
  }, since);
}

/** Does something that makes the page compile, and waits for the answer. */
export async function compiled(page: Page, action: () => Promise<unknown>): Promise<void> {
  const before = Number(await page.locator(".status").getAttribute("data-answers"));
  await action();
  await settled(page, before);
}

/** Opens an example of the menu. */
export const choose = (page: Page, example: string): Promise<void> => compiled(page, () => page.selectOption(".examples select", example));

/** Puts a text in the place of the one in the editor, by the keyboard. */
export const retype = (page: Page, text: string): Promise<void> =>
  compiled(page, async () => {
    await page.locator(".cm-content").focus();
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.insertText(text);
  });

/** The text in the editor, without what stands beside it. */
export const source = (page: Page): Promise<string> =>
  page.locator(".cm-content").evaluate((content) => [...content.querySelectorAll(".cm-line")].map((line) => [...line.childNodes].filter((node) => !(node instanceof Element && node.matches(".inlay, img"))).map((node) => node.textContent).join("")).join("\n"));

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong, as lines. */
export async function violations(page: Page): Promise<string[]> {
  if (await page.evaluate(() => !("axe" in window))) await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(options: { resultTypes: string[] }): Promise<{ violations: { id: string; nodes: { target: unknown[]; failureSummary?: string }[] }[] }> } };
    return (await axe.run({ resultTypes: ["violations"] })).violations.flatMap(({ id, nodes }) => nodes.map((n) => `${id}: ${n.target.join(" ")} ${n.failureSummary ?? ""}`));
  });
}

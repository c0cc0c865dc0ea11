// npm start as a person meets it: on a copy of the repository that has nothing built, interrupted, gone on with, repeated.
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "lockstep-start-"));
const copy = join(folder, "lockstep");
const job = "playground/examples/monthly-trips/src/job.ts";
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Its crates are the ones of this checkout, so that cargo finds what that has compiled. */
beforeAll(() => {
  const built = new Set(["node_modules", ".git", "dist", "crates"]);
  // Of other tests, too, which remove their folders meanwhile: `.lockstep-…`.
  const wanted = (path: string): boolean => !built.has(basename(path)) && !basename(path).startsWith(".lockstep") && !/\.(node|tsbuildinfo)$/.test(path);
  cpSync(root, copy, { recursive: true, filter: wanted });
  for (const modules of ["node_modules", ...readdirSync(root).map((name) => `${name}/node_modules`)].filter((name) => existsSync(join(root, name)))) {
    for (const name of readdirSync(join(root, modules))) link(join(root, modules, name), join(copy, modules, name));
  }
  writeFileSync(join(copy, "node_modules/.package-lock.json"), "{}");
  symlinkSync(join(root, "native-rs/crates"), join(copy, "native-rs/crates"));
});

/** Packages of others are shared; links to packages of this repository lead into the copy. */
function link(from: string, to: string): void {
  mkdirSync(join(to, ".."), { recursive: true });
  if (/@lockstep/.test(basename(from))) cpSync(from, to, { recursive: true, verbatimSymlinks: true });
  else if (basename(from) !== ".package-lock.json") symlinkSync(from, to);
}

interface Screen {
  readonly text: string;
  readonly code: number | null;
}

/** Until it ends, or until `interruptAt` stands on the screen, which is Ctrl-C then. */
async function npmStart(interruptAt?: string): Promise<Screen> {
  const { VITEST: _, ...env } = process.env;
  const child = spawn(process.execPath, ["test/scripts/start.mjs"], { cwd: copy, env, detached: true });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      // A terminal sends it to the whole group.
      if (interruptAt !== undefined && text.includes(interruptAt)) process.kill(-child.pid!, "SIGINT");
    });
  }
  // What it was at is worth more than that it took too long.
  const limit = setTimeout(() => process.kill(-child.pid!, "SIGKILL"), 500_000);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearTimeout(limit);
  if (child.signalCode === "SIGKILL") throw new Error(`npm start did not end in two minutes; it showed\n${text}`);
  return { text, code };
}

/** Other tests have cargo look after what they need, and may take their time, and so may making the data, which is said where it takes some. */
const alone = (screen: string): string => screen.replace(/^(native +(waits .*|\d+ min)|data +(under way|\d+ s))\n/gm, "");

/** When each result was made. */
function results(): Record<string, number> {
  const files = [".lockstep", "playground/examples/monthly-trips/dist"].flatMap((name) => readdirSync(join(copy, name)).map((file) => join(copy, name, file)));
  return Object.fromEntries(files.map((file) => [relative(copy, file), statSync(file).mtimeMs]));
}

it("shows the main job, goes on where it was interrupted, and redoes nothing", async () => {
  const interrupted = await npmStart("compiled ");
  expect(interrupted).toMatchObject({ code: 130, text: expect.stringContaining("Interrupted; `npm start` goes on from here.") });
  const before = results();

  const { text, code } = await npmStart();
  expect(text).not.toContain("rror");
  expect(code).toBe(0);
  expect(text.split("\n").length).toBeLessThan(40);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(160);
  expect(text).toMatch(/compiled +\S+job\.ts to \S+job\.spmd\.mjs/);
  expect(text).toMatch(/columns .*\b4 of 24 columns/);
  expect(text).toMatch(/because +:\d+ +join /);
  const groups = Number(/plain Node ([\d,]+) groups/.exec(text)![1]!.replaceAll(",", ""));
  expect(groups).toBeGreaterThan(100_000);
  expect(text).toContain("equal to plain Node");
  expect(text).toMatch(/Scan\w* +\d+ ms +\d+ ms/);
  expect(text).toMatch(/whole process +\d+ ms +\d+ ms +speed-up \d+\.\d\d, \d+\.\d MB exchanged/);
  expect(text).toMatch(/misspell "trip_miles"[^]*npx lockstep explain[^]*README\.md/);
  const after = results();
  expect(after).toMatchObject(before);

  const same = (screen: string): string => alone(screen).replace(/\(\d+ s in all\)/, "");
  expect(same((await npmStart()).text)).toBe(same(text));
  expect(results()).toEqual(after);
});

it("shows what is wrong with a misspelt column, and works again once it is mended", async () => {
  const file = join(copy, job);
  const source = readFileSync(file, "utf8");
  writeFileSync(file, source.replaceAll("trip_miles", "trip_mils"));
  const { text, code } = await npmStart();
  expect(code).toBe(1);
  expect(text).toMatch(/job\.ts:29:\d+\n[^]*LS1101[^]*did you mean 'trip_miles'[^]*> 29 /);
  expect(alone(text)).toMatch(/npm start stopped: vite build[^]*npm start goes on from here\.\n$/);
  writeFileSync(file, source);
  expect(await npmStart()).toMatchObject({ code: 0, text: expect.stringContaining("equal to plain Node") });
});

/** A download is a project that builds. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execFileSync } from "node:child_process";
import { unzipSync } from "fflate";
import { expect, it } from "vitest";
import { root } from "../scripts/lib.mjs";
import { choose, compiled, launch, openPage } from "./browser.ts";
import { serveStatic } from "./static-server.ts";

it("has the files, the options and what builds them", async () => {
  const { address, server } = await serveStatic();
  const browser = await launch();
  const folder = mkdtempSync(join(tmpdir(), "lockstep-download-"));
  try {
    const { page } = await openPage(browser, address);
    await choose(page, "monthly-trips");
    await page.getByRole("button", { name: "Options" }).click();
    await compiled(page, () => page.getByLabel("strict", { exact: true }).check());
    await page.keyboard.press("Escape");
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
    expect(download.suggestedFilename()).toBe("monthly-trips.zip");
    for (const [path, bytes] of Object.entries(unzipSync(readFileSync(await download.path())))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    const project = join(folder, "monthly-trips");
    expect(readFileSync(join(project, "src/job.ts"), "utf8")).toBe(readFileSync(join(root, "playground/examples/monthly-trips/src/job.ts"), "utf8"));
    expect(readFileSync(join(project, "vite.config.ts"), "utf8")).toContain("lockstep({ strict: true })");
    symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
    execFileSync(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn"], { cwd: project });
    expect(readFileSync(join(project, "dist/job.spmd.mjs"), "utf8")).toContain("lockstep.define");
    expect(existsSync(join(project, "dist/lockstep.manifest.json"))).toBe(true);
    execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", project]);
  } finally {
    await browser.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

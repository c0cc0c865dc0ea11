/** Writes the site: `playground/dist/site`, static files, with the playground in it. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { buildPlayground } from "../../scripts/build-playground.mjs";
import { root } from "../../scripts/lib.mjs";
import { sitePages } from "./pages.ts";
import { renderPage } from "./render.ts";

export const siteFolder = join(root, "playground/dist/site");

export async function writeSite(): Promise<number> {
  await buildPlayground();
  const { version } = JSON.parse(readFileSync(join(root, "playground/package.json"), "utf8")) as { version: string };
  const pages = sitePages();
  rmSync(siteFolder, { recursive: true, force: true });
  for (const page of pages) {
    const file = join(siteFolder, `${page.path}.html`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, renderPage(page, pages, version));
  }
  // One set of colours, of the playground and the site.
  const sheets = ["src/style/colours.css", "src/style/tokens.css", "site/site.css"].map((name) => readFileSync(join(root, "playground", name), "utf8"));
  writeFileSync(join(siteFolder, "site.css"), sheets.join("\n"));
  cpSync(join(root, "playground/site/site.js"), join(siteFolder, "site.js"));
  cpSync(join(root, "playground/src/icon.svg"), join(siteFolder, "icon.svg"));
  cpSync(join(root, "playground/dist/app"), join(siteFolder, "playground"), { recursive: true });
  return pages.length;
}

/** All pages of the site, in the order of its contents. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../scripts/lib.mjs";
import { apiPage } from "./api.ts";
import { type Page, titleOf } from "./page.ts";

export function sitePages(): Page[] {
  const passes = markdownIn("plugin-babel/docs/passes");
  const diagnostics = markdownIn("plugin-babel/docs/diagnostics").filter((name) => name !== "README.md");
  return [
    page("index", "Start", "playground/site/index.md"),
    page("tutorial", "Start", "playground/site/tutorial.md"),
    ...["tables", "row-functions", "parquet", "arrow", "csv", "json-lines", "iceberg", "postgres", "flight-sql", "snowflake", "adbc", "connectors", "object-stores", "collectives", "training", "cluster", "playground"].map((name) => page(`guides/${name}`, "Guides", `playground/site/guides/${name}.md`)),
    page("verbs", "Reference", "plugin-babel/docs/verbs.md"),
    generated("api", "Reference", apiPage()),
    page("diagnostics/index", "Reference", "plugin-babel/docs/diagnostics/README.md"),
    generated("benchmarks", "Reference", benchmarksPage()),
    page("architecture", "Inside", "ARCHITECTURE.md"),
    page("contributing", "Inside", "CONTRIBUTING.md"),
    generated("passes", "Inside", passesPage(passes)),
    ...passes.map((name) => page(`passes/${name.slice(0, -3)}`, "Passes", `plugin-babel/docs/passes/${name}`)),
    ...diagnostics.map((name) => page(`diagnostics/${name.slice(0, -3)}`, "Diagnostics", `plugin-babel/docs/diagnostics/${name}`)),
  ];
}

const markdownIn = (folder: string): string[] => readdirSync(join(root, folder)).filter((name) => name.endsWith(".md")).sort();

function page(path: string, section: string, file: string): Page {
  const markdown = readFileSync(join(root, file), "utf8");
  return { path, section, title: titleOf(markdown), markdown, file };
}

const generated = (path: string, section: string, markdown: string): Page => ({ path, section, title: titleOf(markdown), markdown, file: null });

function passesPage(names: readonly string[]): string {
  const rows = names.map((name) => {
    const text = readFileSync(join(root, "plugin-babel/docs/passes", name), "utf8");
    return `| ${Number(name.slice(0, 2))} | [${titleOf(text)}](plugin-babel/docs/passes/${name}) | ${/\*\*Purpose\.\*\* ([^\n]*)/.exec(text)?.[1]?.replaceAll("|", "\\|") ?? ""} |`;
  });
  return `# The compiler's passes\n\nIn the order in which they run; the playground's *Passes* shows the program after each.\n\n| | pass | purpose |\n|---|---|---|\n${rows.join("\n")}\n`;
}

/** The README's section, which is where measured figures are kept. */
function benchmarksPage(): string {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const section = /^## How fast\n([^]*?)(?=^## )/m.exec(readme)?.[1];
  if (!section) throw new Error("README.md has no section “How fast”");
  return `# Benchmarks\n${section}`;
}

/** `npm run docs`: writes the pages that are made from the compiler's own records, and the site of all pages. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { diagnosticFiles, folder } from "./diagnostics.ts";
import { siteFolder, writeSite } from "./site/site.ts";
import { file, verbsPage } from "./verbs.ts";

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [name, text] of diagnosticFiles()) writeFileSync(join(folder, name), text);
writeFileSync(file, verbsPage());
console.log(`${await writeSite()} pages in ${siteFolder}`);

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { errorCodes, isErrorCode, LockstepError } from "../errors/index.ts";

/** What a diagnostic means: of a run-time error its title and fix, of the compiler's the page that comes with the plugin which the project in `folder` uses. */
export function explainCode(code: string, folder: string): string {
  if (isErrorCode(code)) {
    const { title, fix } = errorCodes[code];
    return `# ${code}: ${title}\n\nAn error of a run, not of the build.\n\nFix: ${fix}`;
  }
  const pages = diagnosticPages(folder);
  if (!pages) {
    throw new LockstepError({ code: "LS2022", message: `the pages of the compiler's diagnostics come with @lockstep/plugin-babel, which ${folder} does not have`, fix: "Run it in the project that uses the plugin." });
  }
  const page = join(pages, `${code}.md`);
  if (!existsSync(page)) throw new LockstepError({ code: "LS2022", message: `there is no diagnostic ${code}`, fix: `All of them stand in ${join(pages, "README.md")}.` });
  return readFileSync(page, "utf8").trimEnd();
}

/** A project has the compiler by itself or through the plugin of its bundler. */
function diagnosticPages(folder: string): string | undefined {
  const project = createRequire(join(folder, "package.json"));
  for (const from of [() => project, () => createRequire(project.resolve("@lockstep/plugin-vite"))]) {
    try {
      return join(from().resolve("@lockstep/plugin-babel"), "../../docs/diagnostics");
    } catch {
      // Not there: the other way, or none.
    }
  }
  return undefined;
}

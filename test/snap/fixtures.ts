/** A fixture: `test/fixtures/<area>/<case>/input.ts` and what the compiler makes of it, `expected.md`. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { root } from "../scripts/lib.mjs";

export interface Fixture {
  /** `verbs/filter` */
  readonly name: string;
  readonly folder: string;
  readonly input: string;
  /** error.: the build fails, by the user's mistake. warning.: it warns. todo.: it fails, for what is not supported yet. bug.: it is wrong today. */
  readonly status: "ok" | "error" | "warning" | "todo" | "bug";
  /** Stages whose IR stands in expected.md: a first line `// @ir parse cut-plans`. */
  readonly stages: readonly string[];
  /** A first line `// @strict`. */
  readonly strict: boolean;
}

const folder = join(root, "test/fixtures");

export function findFixtures(pattern = ""): Fixture[] {
  return globSync("*/*/input.ts", { cwd: folder })
    .map((path): Fixture => {
      const name = dirname(path).replaceAll("\\", "/");
      const [, status = "ok"] = /\/(error|warning|todo|bug)\./.exec(`/${name.split("/")[1]}`) ?? [];
      const input = join(folder, path);
      const [, option = "", stages = ""] = /^\/\/ @(ir|strict)(.*)/.exec(readFileSync(input, "utf8")) ?? [];
      return { name, folder: join(folder, name), input, status: status as Fixture["status"], stages: stages.split(" ").filter(Boolean), strict: option === "strict" };
    })
    .filter((fixture) => fixture.name.includes(pattern))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

export const expectedFile = (fixture: Fixture): string => join(fixture.folder, "expected.md");

export function readExpected(fixture: Fixture): string | null {
  return existsSync(expectedFile(fixture)) ? readFileSync(expectedFile(fixture), "utf8") : null;
}

export const shown = (fixture: Fixture): string => relative(root, fixture.folder);

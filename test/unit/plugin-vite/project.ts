import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "../../scripts/lib.mjs";

/** A small project of the given files, in the checkout so that packages are found. */
export class Project {
  readonly path = mkdtempSync(join(root, ".lockstep-plugin-"));

  constructor(files: Readonly<Record<string, string>>) {
    for (const [name, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) this.write(name, text);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(join(this.path, name)), { recursive: true });
    writeFileSync(join(this.path, name), text);
  }

  file(name: string): string {
    return join(this.path, name);
  }

  read(name: string): string {
    return readFileSync(this.file(name), "utf8");
  }

  /** Files below a folder, sorted. */
  list(folder: string): string[] {
    return readdirSync(this.file(folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(this.file(folder).length + 1))
      .sort();
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** An annotated function that counts rows. */
export function counting(name: string, body = ""): string {
  return `import { readCsv } from "@lockstep/runtime";
interface Row { a: number }
export async function ${name}(path: string): Promise<number> {
  "use spmd";
  ${body}
  return (await readCsv<Row>(path)).filter((d) => d.a > 1).numRows();
}
`;
}

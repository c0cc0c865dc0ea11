/** The user's file and what it imports by relative paths, and their edits. */
import { type Dirent, existsSync, readdirSync, readFileSync, statSync, watch } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";

export interface Project {
  readonly name: string;
  readonly entry: string;
  readonly files: Readonly<Record<string, string>>;
}

const annotated = /^\s*["']use spmd["']/m;
const isSource = /\.[cm]?tsx?$/;
const skipped = new Set(["node_modules", "dist", "build", "coverage"]);
/** Of a project; one with more is opened by naming a file. */
const MOST_SEARCHED = 5000;
/** Bytes: what is longer is no program, perhaps a film, whose files end in .ts as well. */
const LONGEST = 2_000_000;

/** The first file of a project that says "use spmd", by its path; null: none does. */
export function findAnnotated(root: string): string | null {
  const folders = [root];
  for (let seen = 0; folders.length > 0 && seen < MOST_SEARCHED; ) {
    const folder = folders.shift()!;
    for (const entry of entriesOf(folder).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      seen++;
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !skipped.has(entry.name) && !entry.name.startsWith(".")) folders.push(path);
      else if (entry.isFile() && isSource.test(entry.name) && !entry.name.endsWith(".d.ts") && annotated.test(textOf(path) ?? "")) return path;
    }
  }
  return null;
}

/** Nothing of a folder that may not be read. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Null: there is no text to be shown. */
function textOf(path: string): string | null {
  try {
    return statSync(path).size <= LONGEST ? readFileSync(path, "utf8") : null;
  } catch {
    return null;
  }
}

/** Reads the file and its helpers; paths are relative to `root`. */
export function readProject(root: string, entry: string): Project {
  const files: Record<string, string> = {};
  const waiting = [resolve(entry)];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const name = relative(root, path).replaceAll("\\", "/");
    // Outside of the project there is nothing that the page could name.
    if (name.startsWith("../") || Object.hasOwn(files, name)) continue;
    const text = textOf(path);
    if (text === null) continue;
    files[name] = text;
    for (const [, specifier] of text.matchAll(/\bfrom\s*["'](\.{1,2}\/[^"']+)["']/g)) {
      const base = resolve(dirname(path), specifier!);
      const found = [base, `${base}.ts`, `${base}.mts`, `${base}/index.ts`, base.replace(/\.(m?)js$/, ".$1ts")].find((file) => isSource.test(file) && existsSync(file) && statSync(file).isFile());
      if (found) waiting.push(found);
    }
  }
  const name = relative(root, resolve(entry)).replaceAll("\\", "/");
  return { name: `${basename(root)}/${name}`, entry: name, files };
}

/** The project, again after every change of one of its files. */
export async function* followProject(root: string, entry: string, signal: AbortSignal): AsyncGenerator<Project> {
  let project = readProject(root, entry);
  let shown = JSON.stringify(project);
  while (!signal.aborted) {
    await changed(new Set(Object.keys(project.files).map((name) => dirname(join(root, name)))), signal);
    if (signal.aborted) return;
    project = readProject(root, entry);
    const now = JSON.stringify(project);
    if (now === shown || Object.keys(project.files).length === 0) continue;
    shown = now;
    yield project;
  }
}

/** Folders are watched, not files: editors write a new file in the place of the old one. */
async function changed(folders: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
  const { promise, resolve: done } = Promise.withResolvers<void>();
  const watchers = [...folders].filter((folder) => existsSync(folder)).map((folder) => watch(folder, () => done()).on("error", () => done()));
  // What changed between reading and watching.
  const soon = setInterval(done, 1000);
  signal.addEventListener("abort", () => done(), { once: true });
  await promise;
  clearInterval(soon);
  for (const watcher of watchers) watcher.close();
  // A file is written in several steps.
  await new Promise((wait) => setTimeout(wait, 30));
}

/** A folder for one run: the page's files, the project's packages and data beside them. What a run writes stays in it. */
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, normalize } from "node:path";
import { Refusal } from "../answer.ts";
import { exampleFolder } from "./example-data.ts";
import { copyState, isState } from "./iceberg-copy.ts";

/** The project's machinery, which the run has of its own. */
const notData = /^(\..*|dist|node_modules|uploads|(package|tsconfig).*\.json|.*\.config\..*)$/;

/** What a run has links for. */
const ours = /^\/(node_modules|uploads)(\/|$)/;

export interface WorkspaceOptions {
  /** Where runs are. */
  readonly folder: string;
  readonly files: Readonly<Record<string, string>>;
  /** The user's project. */
  readonly root: string;
  /** The example that the files are of: its data comes along. */
  readonly example: string | null;
  readonly uploads: string;
}

export function makeWorkspace({ folder, files, root, example, uploads }: WorkspaceOptions): string {
  // Links are followed: what is told of files below names them as they are.
  const workspace = realpathSync(mkdtempSync(join(folder, "run-")));
  for (const [path, text] of Object.entries(files)) {
    const file = normalize(join(workspace, path));
    if (!file.startsWith(`${workspace}/`) || ours.test(file.slice(workspace.length))) throw new Refusal(400, `${path} is no path of a file`);
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    } catch {
      throw new Refusal(400, `${path} is no path of a file`);
    }
  }
  writeFileSync(join(workspace, "package.json"), `${JSON.stringify({ name: "playground-run", private: true, type: "module" })}\n`);
  writeFileSync(join(workspace, "tsconfig.json"), `${JSON.stringify({ compilerOptions: { target: "es2024", module: "nodenext", strict: true } })}\n`);
  symlinkSync(packagesOf(root), join(workspace, "node_modules"));
  symlinkSync(uploads, join(workspace, "uploads"));
  const beside = example === null ? root : exampleFolder(example);
  const run: Run = { links: MOST_LINKS, states: join(workspace, ".states"), copied: 0 };
  mkdirSync(run.states);
  for (const name of readdirSync(beside)) {
    if (!notData.test(name) && !existsSync(join(workspace, name))) mirror(join(beside, name), join(workspace, name), run);
  }
  return workspace;
}

/** Of the project's files; a folder past them is a link itself. */
const MOST_LINKS = 10_000;
/** Folders that no data are in, with many files. */
const unsearched = /^(node_modules|\.git)$/;

interface Run {
  /** How many more there may be. */
  links: number;
  /** The folder of the run's own states of Iceberg tables, which links stand for: what is no link was written by the run. */
  readonly states: string;
  copied: number;
}

/**
 * A folder becomes one of the run's own, with links to its files: an output that takes its place leaves the project's as it is.
 * `inTable`: of an Iceberg table, whose files are found by what its metadata name, so that past the limit it needs no links, into which a
 * run would write.
 */
function mirror(from: string, to: string, run: Run, inTable = false): void {
  run.links--;
  if (inTable && run.links < 0) return;
  const names = run.links < 0 || unsearched.test(basename(from)) ? null : namesIn(from);
  if (names === null) return symlinkSync(from, to);
  mkdirSync(to);
  const isTable = names.includes("metadata") && (namesIn(join(from, "metadata"))?.some(isState) ?? false);
  for (const name of names) {
    if (isTable && name === "metadata") mirrorStates(from, to, run);
    else mirror(join(from, name), join(to, name), run, inTable || isTable);
  }
}

/** The metadata of the table in `from`, with states of its own. */
function mirrorStates(from: string, to: string, run: Run): void {
  const metadata = join(to, "metadata");
  mkdirSync(metadata);
  for (const name of namesIn(join(from, "metadata"))!) {
    const own = join(run.states, `${run.copied}.metadata.json`);
    const isOwn = isState(name) && copyState(join(from, "metadata", name), own, to);
    if (isOwn) run.copied++;
    symlinkSync(isOwn ? own : join(from, "metadata", name), join(metadata, name));
  }
}

/** Null: it is no folder, or may not be read. */
function namesIn(path: string): string[] | null {
  try {
    return lstatSync(path).isDirectory() ? readdirSync(path) : null;
  } catch {
    return null;
  }
}

/** The node_modules that has the runtime: the project's own, else the one that the playground came with. */
function packagesOf(root: string): string {
  for (const from of [join(root, "package.json"), import.meta.url]) {
    for (const folder of createRequire(from).resolve.paths("@lockstep/runtime") ?? []) if (existsSync(join(folder, "@lockstep/runtime"))) return folder;
  }
  throw new Refusal(400, "the project has no @lockstep/runtime: npm install it");
}

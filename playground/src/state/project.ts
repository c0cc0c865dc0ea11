/** The user's own file with its helpers, as the local server reads them, and their edits while they are made elsewhere. */
import type { Files } from "../compile/protocol.ts";
import { batch } from "@preact/signals";
import { tell } from "./notice.ts";
import { ask, cannotRun } from "./server.ts";
import { active, files, open } from "./workspace.ts";

interface Project {
  readonly name: string;
  readonly entry: string;
  readonly files: Files;
}

/** What the server sent last: a file that differs from it was edited here. */
let sent: Files = {};

/** False: there is no server, or it was started without a file. */
export async function openProject(): Promise<boolean> {
  if (cannotRun !== null) return false;
  try {
    const project = (await (await ask("project")).json()) as Project | null;
    if (project === null) return false;
    sent = project.files;
    open(project.name, project.files, project.entry);
    return true;
  } catch (error) {
    tell(`The project could not be read: ${(error as Error).message}`, "problem");
    return false;
  }
}

/** Takes over every change on disk, but for files that were also edited here. */
export function followProject(): void {
  void follow().catch((error: Error) => tell(`Edits are no longer followed: ${error.message}`, "problem"));
}

async function follow(): Promise<void> {
  const { body } = await ask("project/changes");
  let rest = "";
  for await (const text of body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line !== "") take(JSON.parse(line) as Project);
  }
  throw new Error("the local server has ended");
}

function take(project: Project): void {
  // Another program was opened meanwhile.
  if (!Object.keys(sent).some((path) => Object.hasOwn(files.value, path))) return;
  const mine = Object.keys(project.files).filter((path) => files.value[path] !== undefined && files.value[path] !== sent[path] && project.files[path] !== sent[path]);
  const kept = Object.fromEntries(mine.map((path) => [path, files.value[path]!]));
  const gone = new Set(Object.keys(sent).filter((path) => !Object.hasOwn(project.files, path)));
  const edited = Object.entries(files.value).filter(([path]) => !gone.has(path));
  const unchanged = Object.keys(project.files).filter((path) => files.value[path] === sent[path] || !Object.hasOwn(files.value, path));
  batch(() => {
    files.value = { ...Object.fromEntries(edited), ...Object.fromEntries(unchanged.map((path) => [path, project.files[path]!])), ...kept };
    if (!Object.hasOwn(files.value, active.value)) active.value = project.entry;
  });
  sent = project.files;
  if (mine.length > 0) tell(`${mine.join(", ")} changed on disk and here: what you wrote here stays.`, "problem");
}

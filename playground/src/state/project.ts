/** The user's own file with its helpers, as the local server reads them, and their edits while they are made elsewhere. */
import type { Files } from "../compile/protocol.ts";
import { batch, signal } from "@preact/signals";
import { tell } from "./notice.ts";
import { ask, cannotRun, linesOf } from "./server.ts";
import { active, files, open, title, withLineFeeds } from "./workspace.ts";

interface Project {
  readonly name: string;
  readonly entry: string;
  readonly files: Files;
}

/** As the server sent it last: a file that differs from it was edited here. Null: there is no server, or it was started without a file. */
export const project = signal<Project | null>(null);

const asShown = <T extends Project | null>(sent: T): T => sent && { ...sent, files: withLineFeeds(sent.files) };

export async function loadProject(): Promise<void> {
  if (cannotRun !== null) return;
  try {
    project.value = asShown((await (await ask("project")).json()) as Project | null);
  } catch (error) {
    tell(`The project could not be read: ${(error as Error).message}`, "problem");
  }
}

/** Shows the project, as it is on disk. */
export function openProject({ name, files: own, entry }: Project): void {
  open(name, own, entry);
}

/** Takes over every change on disk, but for files that were also edited here. */
export function followProject(): void {
  void follow().catch((error: Error) => tell(`Edits are no longer followed: ${error.message}`, "problem"));
}

/** A browser has six connections to a server for all its tabs: one that is not seen leaves its own to the others. */
async function follow(): Promise<void> {
  for (;;) {
    const hidden = new AbortController();
    const look = (): void => void (document.hidden && hidden.abort());
    document.addEventListener("visibilitychange", look);
    look();
    try {
      for await (const line of linesOf(await ask("project/changes", { signal: hidden.signal }))) take(asShown(JSON.parse(line) as Project));
      throw new Error("the local server has ended");
    } catch (error) {
      if (!hidden.signal.aborted) throw error;
    } finally {
      document.removeEventListener("visibilitychange", look);
    }
    while (document.hidden) await new Promise((seen) => document.addEventListener("visibilitychange", seen, { once: true }));
    const now = asShown((await (await ask("project")).json()) as Project | null);
    if (now && Object.keys(now.files).length > 0) take(now);
  }
}

function take(now: Project): void {
  const sent = project.value?.files ?? {};
  project.value = now;
  // Another program is shown: this one is there when it is opened again.
  if (title.value !== now.name) return;
  const mine = Object.keys(now.files).filter((path) => files.value[path] !== undefined && files.value[path] !== sent[path] && now.files[path] !== sent[path]);
  const gone = new Set(Object.keys(sent).filter((path) => !Object.hasOwn(now.files, path)));
  const kept = Object.entries(files.value).filter(([path]) => !gone.has(path));
  const taken = Object.entries(now.files).filter(([path]) => files.value[path] === sent[path] || !Object.hasOwn(files.value, path));
  batch(() => {
    files.value = { ...Object.fromEntries(kept), ...Object.fromEntries(taken) };
    if (!Object.hasOwn(files.value, active.value)) active.value = now.entry;
  });
  if (mine.length > 0) tell(`${mine.join(", ")} changed on disk and here: what you wrote here stays.`, "problem");
}

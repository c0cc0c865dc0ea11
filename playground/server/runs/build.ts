/** Builds a run's program in a process of its own: a build that does not end is stopped, and the server answers meanwhile. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Janitor } from "@lockstep/runtime/jobs";
import { Refusal } from "../answer.ts";

export interface BuildOptions {
  readonly root?: string;
  readonly strict?: boolean;
  readonly native?: "external" | "copy";
  readonly report?: boolean;
}

export interface BuildRequest {
  readonly workspace: string;
  readonly entry: string;
  readonly options: BuildOptions;
}

/** The built program and the plugin's line, where it reports; or why there is none. */
export type Built = { readonly program: string; readonly said: string } | { readonly wrong: string };

const SECONDS = 60;
/** Of JavaScript's heap. */
const MEGABYTES = 2048;

const builder = fileURLToPath(new URL("builder.js", import.meta.url));

export async function buildProgram(request: BuildRequest, signal: AbortSignal): Promise<Built> {
  signal.throwIfAborted();
  const child = fork(builder, { detached: true, execArgv: [`--max-old-space-size=${MEGABYTES}`], stdio: ["ignore", "ignore", "ignore", "ipc"] });
  // A process in an endless build does not hear that its parent has ended.
  const janitor = new Janitor();
  janitor.watch([], [child.pid!]);
  const stop = (): void => void child.kill("SIGKILL");
  const limit = setTimeout(stop, SECONDS * 1000);
  signal.addEventListener("abort", stop, { once: true });
  try {
    child.send(request);
    const answered = await Promise.race([once(child, "message"), once(child, "exit").then(() => null)]);
    if (answered) return answered[0] as Built;
    throw new Refusal(500, `the build was stopped: it took more than ${SECONDS} s or ${MEGABYTES} MB`);
  } finally {
    clearTimeout(limit);
    signal.removeEventListener("abort", stop);
    stop();
    janitor.close();
  }
}

/**
 * `npm run snap -- --watch`: runs fixtures again when they or the compiler change. Each round is a thread of its own,
 * which loads the compiler anew.
 */
import { spawnSync } from "node:child_process";
import { watch as watchFolder } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { root } from "../scripts/lib.mjs";
import type { Round, RoundOptions } from "./round.ts";

const KEYS = "u: write what differs · f: only what differs · a: all · q: quit";

export function watch(options: RoundOptions): void {
  let different: readonly string[] = [];
  /** What is to be run, while something is: null for all. */
  let waiting: ReadonlySet<string> | null | undefined;
  let running = false;

  async function round(names: readonly string[] | null, update = false): Promise<void> {
    if (running) {
      waiting = waiting === null || names === null ? null : new Set([...(waiting ?? []), ...names]);
      return;
    }
    running = true;
    const result = await inThread({ ...options, update, names: names ?? undefined }).catch((error: Error) => console.log(error.message));
    running = false;
    if (result) {
      for (const line of result.said) console.log(line);
      const passed = new Set(result.run.filter((name) => update || !result.different.includes(name)));
      different = [...new Set([...different.filter((name) => !passed.has(name)), ...(update ? [] : result.different)])].sort();
      console.log(`${result.run.length} run, ${different.length} ${different.length === 1 ? "differs" : "differ"} · ${KEYS}`);
    }
    if (waiting === undefined) return;
    const next = waiting && [...waiting];
    waiting = undefined;
    await round(next);
  }

  const fixtures = new Set<string>();
  const onFixture = collected(() => {
    const changed = [...fixtures].filter((name) => name.includes(options.pattern ?? ""));
    fixtures.clear();
    if (changed.length > 0) void round(changed);
  });
  watchFolder(join(root, "test/fixtures"), { recursive: true }, (_, file) => {
    if (!file || file.endsWith("expected.md")) return;
    fixtures.add(file.replaceAll("\\", "/").split("/").slice(0, 2).join("/"));
    onFixture();
  });
  const onSource = collected(() => {
    const built = spawnSync(join(root, "node_modules/.bin/tsc"), ["-b", "plugin-babel"], { cwd: root, stdio: "inherit" });
    if (built.status === 0) void round(null);
  });
  watchFolder(join(root, "plugin-babel/src"), { recursive: true }, onSource);

  if (process.stdin.isTTY) process.stdin.setRawMode(true);
  process.stdin.on("data", (typed: Buffer) => {
    for (const key of typed.toString()) {
      if (key === "u") void round(different, true);
      else if (key === "f") void round(different);
      else if (key === "a") void round(null);
      else if (key === "q" || key === "\u0003") process.exit(different.length > 0 ? 1 : 0);
    }
  });
  onSource();
}

/** What a thread prints comes late: its lines are handed over. */
export interface ThreadRound extends Round {
  readonly said: readonly string[];
}

function inThread(options: RoundOptions): Promise<ThreadRound> {
  return new Promise((done, fail) => {
    const worker = new Worker(new URL("./round-thread.ts", import.meta.url), { workerData: options });
    worker.on("message", done);
    worker.on("error", fail);
  });
}

/** Editors write a file several times: the last change counts. */
function collected(run: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(run, 50);
  };
}

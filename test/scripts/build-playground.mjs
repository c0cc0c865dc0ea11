// Builds the playground's page when a source of it is newer: its own files, the compiler in it, the fixtures in its menu.
import { existsSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./lib.mjs";

const folder = join(root, "playground");
const app = join(folder, "dist/app");
const built = join(app, "index.html");

export async function buildPlayground() {
  const since = existsSync(built) ? statSync(built).mtimeMs : 0;
  const single = ["playground/index.html", "playground/vite.config.ts", "playground/package.json"];
  const folders = ["playground/src", "playground/examples", "plugin-babel/dist", "plugin-babel/docs", "test/fixtures"];
  if (single.every((file) => statSync(join(root, file)).mtimeMs <= since) && folders.every((name) => newest(join(root, name)) <= since)) return;
  const fresh = `${app}.${process.pid}`;
  await run(process.execPath, [join(root, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn", "--outDir", fresh], { cwd: folder });
  // At once: other tests are served from there.
  try {
    if (existsSync(app)) renameSync(app, `${fresh}.old`);
    renameSync(fresh, app);
  } catch {
    // Another process has built it meanwhile.
  }
  for (const left of [fresh, `${fresh}.old`]) rmSync(left, { recursive: true, force: true });
}

function newest(directory) {
  let time = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    // An example's data and output are no source.
    if (entry.name === "node_modules" || (["data", "dist", "out"].includes(entry.name) && directory.includes("examples"))) continue;
    const path = join(directory, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}

if (process.argv[1] === import.meta.filename) await buildPlayground();

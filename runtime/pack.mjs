// npm run prepack. `npm pack` bundles what lies in this package's own node_modules; a workspace keeps it in
// the root's. Bundled, because arquero accepts @uwdata/flechette 2.7.0, which depends on a package that does not exist,
// and overrides do not reach the projects of our users.
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const here = import.meta.dirname;
const own = join(here, "node_modules");
const root = join(here, "..", "node_modules");
const manifest = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** The bundled packages and all that they depend on. */
function closure(names, found = new Set()) {
  for (const name of names) {
    if (found.has(name)) continue;
    found.add(name);
    closure(Object.keys(manifest(join(root, name)).dependencies ?? {}), found);
  }
  return found;
}

// Programs of this checkout may be running: a package is there whole or not at all, and stays.
for (const name of closure(manifest(here).bundleDependencies)) {
  const [from, to] = [join(root, name), join(own, name)];
  if (existsSync(to) && manifest(to).version === manifest(from).version) continue;
  const copy = `${to}.${process.pid}`;
  cpSync(from, copy, { recursive: true });
  rmSync(to, { recursive: true, force: true });
  renameSync(copy, to);
}

// npm run prepack / postpack. `npm pack` bundles what lies in this package's own node_modules; a workspace keeps it in
// the root's. Bundled, because arquero accepts @uwdata/flechette 2.7.0, which depends on a package that does not exist,
// and overrides do not reach the projects of our users.
import { cpSync, readFileSync, rmSync } from "node:fs";
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

for (const name of closure(manifest(here).bundleDependencies)) {
  rmSync(join(own, name), { recursive: true, force: true });
  if (process.argv[2] === "in") cpSync(join(root, name), join(own, name), { recursive: true });
}

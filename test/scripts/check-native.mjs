// Before `npm pack`: a package without the engine would fail where it is used, not here.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib.mjs";

if (!readdirSync(join(root, "native-rs")).some((name) => name.endsWith(".node"))) {
  console.error("The engine is not built, and the package would have none: npm run build:native");
  process.exit(1);
}

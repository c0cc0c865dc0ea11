// The tests in Rust, and those under loom; `--no-run` compiles them and no more.
import { join } from "node:path";
import { cargo } from "./cargo.mjs";
import { root, run } from "./lib.mjs";

const options = process.argv.slice(2);
await cargo(["test", "--release", "--locked", "--workspace", "--quiet", ...options]);
await run(process.execPath, [join(root, "test/scripts/loom.mjs"), ...options]);

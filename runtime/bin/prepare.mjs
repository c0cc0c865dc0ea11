// Before anything of ours is parsed: it must run on a Node that is too old for the rest.
import module from "node:module";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(`error: Lockstep needs Node 22.18 or newer; this is ${process.version} (${process.execPath})\n`);
  process.exit(1);
}
module.enableCompileCache();

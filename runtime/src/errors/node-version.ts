/** Imported by both entries before anything else: what they link must load on a Node that is too old for the rest. */
const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
if (major < 22 || (major === 22 && minor < 18)) {
  // A stack would show nothing of the program.
  process.stderr.write(`error: Lockstep needs Node 22.18 or newer; this is ${process.version} (${process.execPath})\n`);
  process.exit(1);
}

/** Every way to the compiler goes by here: Babel, the bundlers and the playground, which has no Node. */
export function checkNode(version: string | undefined = globalThis.process?.versions?.node): void {
  if (version === undefined) return;
  const [major, minor] = version.split(".").map(Number) as [number, number];
  if (major < 22 || (major === 22 && minor < 18)) throw new Error(`Lockstep needs Node 22.18 or newer; this is ${version}`);
}

// Loads the addon: LOCKSTEP_NATIVE, else the one built here, else the package for this platform.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const target = `${process.platform}-${process.arch}`;
const built = fileURLToPath(new URL(`./lockstep.${target}.node`, import.meta.url));
const addon = process.env.LOCKSTEP_NATIVE ?? (existsSync(built) ? built : `@lockstep/native-${target}${libc()}`);

/** The report takes 10 ms: it is made only where no addon was built. */
function libc() {
  if (process.platform !== "linux") return "";
  return process.report?.getReport?.()?.header?.glibcVersionRuntime ? "-gnu" : "-musl";
}

function load() {
  try {
    return require(addon);
  } catch (cause) {
    const why = cause.code === "MODULE_NOT_FOUND" ? "is not there" : `does not load on ${target}: ${cause.message}`;
    throw new Error(`Lockstep's native addon ${addon} ${why}. Build it: npm run build:native`, { cause });
  }
}

export const { Engine, prepareOutput, commitOutput, abortOutput, joinParts, PostgresSession, readAdbc, RankRows, schedule, mpiLibrary, mpiAbort, inheritDescriptor } = load();

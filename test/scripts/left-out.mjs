// Tests that need programs of the system beside Node, C and Rust: left out, with the reason, where there are none.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** By files: of each group one program must be there. */
const needs = [
  { files: "test/stores/*.test.ts", programs: [["go"], ["mvn"], ["java"]] },
  { files: "test/{arrow/arrow,iceberg/read,iceberg/sql-catalog}.test.ts", programs: [["python3"]] },
  { files: "test/iceberg/{catalog,changes,commits,compact,expire,sorted,spread,write}.test.ts", programs: [["python3"], ["go"], ["mvn"], ["java"]] },
  { files: "{test/playground/*.test.ts,test/docs/site.test.ts}", programs: [["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "apt-get as root"]] },
];

/** Globs of the test files that cannot run here, with what is missing. */
export function leftOut() {
  return needs.flatMap(({ files, programs }) => {
    const missing = programs.filter((names) => !names.some(isThere)).map((names) => names[0]);
    return missing.length === 0 || (process.env.LOCKSTEP_CHROMIUM && missing[0] === "chromium-headless-shell") ? [] : [{ files, missing }];
  });
}

function isThere(name) {
  const [program, ...asRoot] = name.split(" ");
  if (asRoot.length > 0 && process.getuid?.() !== 0) return false;
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

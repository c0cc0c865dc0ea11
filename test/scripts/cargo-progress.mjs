// What is said of a cargo build while it runs, from what cargo prints.
import { availableParallelism } from "node:os";

/** Seconds that crates took on 2 cores, two at a time; all others 1 or 2. */
const seconds = {
  "datafusion": 110, "datafusion-physical-plan": 95, "datafusion-functions-aggregate": 95, "datafusion-functions": 85, "sqlparser": 80, "datafusion-physical-expr": 70,
  "datafusion-expr": 60, "parquet": 55, "datafusion-functions-nested": 50, "arrow-cast": 50, "datafusion-catalog": 45, "arrow-ord": 45, "datafusion-sql": 45, "datafusion-optimizer": 45,
  "datafusion-datasource-parquet": 35, "arrow-select": 35, "datafusion-common": 30, "arrow-arith": 25, "datafusion-datasource": 20, "datafusion-catalog-listing": 20,
  "datafusion-functions-aggregate-common": 20, "lockstep-functions": 50, "lockstep-exec": 55, "lockstep-connectors": 40, "lockstep-binding": 20, "lockstep-comm": 8,
};
/** The last ones wait for each other. */
const chain = ["datafusion", "lockstep-functions", "lockstep-exec", "lockstep-binding"];

const secondsOf = (crate) => seconds[crate.split(" ")[0]] ?? 1.5;

export function cargoProgress({ now = Date.now, cores = availableParallelism() } = {}) {
  const begun = now();
  const expected = cores * 0.9;
  const done = new Set();
  let crates = [];
  let compiled = 0;
  let waitsFor;
  let due;

  /** From the seconds of crates that passed in a second so far, and what was expected in the place of half a minute of them. */
  function estimate() {
    const speed = (compiled + expected * 30) / ((now() - begun) / 1000 + 30);
    const left = crates.filter((crate) => !done.has(crate));
    const work = left.reduce((sum, crate) => sum + secondsOf(crate), 0);
    const last = left.filter((crate) => chain.includes(crate.split(" ")[0])).reduce((sum, crate) => sum + secondsOf(crate), 0);
    due = now() + 1000 * Math.max(work / speed, (last * expected) / speed);
  }

  return {
    /** "name version" of all that a build from nothing compiles, once it is known. */
    all(names) {
      crates = [...new Set(names)];
    },
    /** A line of standard output: JSON. */
    output(line) {
      const [, id] = /"reason":"compiler-artifact","package_id":"[^"]*#([^"]+)"/.exec(line) ?? [];
      // A crate's build script is not yet the crate.
      if (id === undefined || line.includes('"kind":["custom-build"]')) return;
      const crate = id.replace("@", " v");
      if (!line.includes('"fresh":true')) compiled += secondsOf(crate);
      done.add(crate);
      waitsFor = undefined;
      estimate();
    },
    /** A line of standard error; true where it is news that cannot wait. */
    error(line) {
      const blocked = /Blocking waiting for file lock on (.+)/.exec(line)?.[1];
      if (blocked !== undefined) waitsFor = blocked;
      else if (/Compiling|Downloading/.test(line)) waitsFor = undefined;
      return blocked !== undefined;
    },
    text() {
      if (waitsFor !== undefined) return `native     waits for another cargo on this machine, which holds the lock of the ${waitsFor}`;
      const elapsed = Math.floor((now() - begun) / 1000);
      const so = `${Math.floor(elapsed / 60)}:${String(elapsed % 60).padStart(2, "0")} so far`;
      if (due === undefined || crates.length === 0) return `native     cargo is starting, ${so}; the first build on a machine takes 15 to 25 minutes on 2 cores`;
      const rest = (due - now()) / 1000;
      const when = rest > 60 ? `about ${Math.ceil(rest / 60)} min left` : rest > 0 ? "about a minute left" : "longer than expected";
      return `native     ${crates.filter((crate) => done.has(crate)).length} of ${crates.length} crates built, ${so}, ${when}`;
    },
  };
}

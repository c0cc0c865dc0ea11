import { isMainThread } from "node:worker_threads";
import { isEmbedded } from "./environment.ts";
import { findBundle } from "./manifest.ts";
import { refusePlace } from "./place.ts";

// `mpirun -n 4 node src/job.ts`: nothing was compiled, so that each process would run the whole program, and write what it writes, once more.
// A built one's processes become ranks (replace.ts).
if (isMainThread && !isEmbedded() && findBundle(process.argv[1]) === undefined) {
  refusePlace("plain Node runs the whole program in each of them: it was not built with a Lockstep plugin, or is not the file that the build wrote");
}

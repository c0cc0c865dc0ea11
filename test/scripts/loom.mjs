// npm run test:loom: the lock-free parts of shared memory under loom, which runs every order of their threads; `--no-run`
// compiles them. The build has a cfg of its own, and so a folder of its own.
import { join } from "node:path";
import { cargo } from "./cargo.mjs";
import { cargoTarget } from "./lib.mjs";

await cargo(["test", "--release", "--locked", "--quiet", "--package", "lockstep-comm", "--lib", ...process.argv.slice(2), "model::"], {
  target: join(cargoTarget, "loom"),
  env: { RUSTFLAGS: `${process.env.RUSTFLAGS ?? ""} --cfg lockstep_loom` },
});

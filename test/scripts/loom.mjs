// npm run test:loom: the lock-free parts of shared memory under loom, which runs every order of their threads. The build has
// a cfg of its own, and so a folder of its own.
import { join } from "node:path";
import { cargoTarget, root, run } from "./lib.mjs";

await run("cargo", ["test", "--release", "--locked", "--quiet", "--package", "lockstep-comm", "--lib", "model::"], {
  cwd: join(root, "native-rs"),
  env: { CARGO_TARGET_DIR: join(cargoTarget, "loom"), RUSTFLAGS: `${process.env.RUSTFLAGS ?? ""} --cfg lockstep_loom` },
});

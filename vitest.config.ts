import { defineConfig } from "vitest/config";

/** Folders whose files mock no module and leave the environment as it was: they share a process, which loads the compiler and the library once. */
const together = ["test/unit/plugin-babel", "test/unit/runtime-tables", "test/hygiene"];

export default defineConfig({
  test: {
    // Tests start processes and wait for them: three files at a time fill two cores. What took longest the last time begins first.
    maxWorkers: 3,
    // What is built is loaded by Node itself, as users load it, and not once more through Vitest's own loader.
    server: { deps: { external: [/\/(plugin-babel|plugin-vite|runtime)\/dist\//] } },
    // Limits of time are for what hangs: what is only slow on a busy machine is right. A test has a limit of its own where it is longer, or where time is what it tests.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      { extends: true, test: { name: "alone", include: ["test/**/*.test.ts", ...together.map((folder) => `!${folder}/**`)] } },
      { extends: true, test: { name: "together", include: together.map((folder) => `${folder}/**/*.test.ts`), isolate: false } },
    ],
  },
});

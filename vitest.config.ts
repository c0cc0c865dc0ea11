import { defineConfig } from "vitest/config";

/** Folders whose files mock no module and leave the environment as it was: they share a process, which loads the compiler and the library once. */
const together = ["test/unit/plugin-babel", "test/unit/runtime-tables", "test/hygiene"];

export default defineConfig({
  test: {
    // Tests start processes and wait for them: three files at a time fill two cores. What took longest the last time begins first.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is waited for comes when the other files leave it a core.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      { extends: true, test: { name: "alone", include: ["test/**/*.test.ts", ...together.map((folder) => `!${folder}/**`)] } },
      { extends: true, test: { name: "together", include: together.map((folder) => `${folder}/**/*.test.ts`), isolate: false } },
    ],
  },
});

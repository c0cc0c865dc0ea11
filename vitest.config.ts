import { defineConfig } from "vitest/config";

/** Folders whose files mock no module and leave the environment as it was: they share a process, which loads the compiler and the library once. */
const together = ["test/unit/plugin-babel", "test/unit/runtime-tables", "test/hygiene"];

export default defineConfig({
  test: {
    // Tests start processes and wait for them: three files at a time fill two cores. What took longest the last time begins first.
    maxWorkers: 3,
    // What is built is loaded by Node itself, as users load it, and not once more through Vitest's own loader.
    server: { deps: { external: [/\/(plugin-babel|plugin-vite|runtime)\/dist\//] } },
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

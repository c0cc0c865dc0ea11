import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Tests start processes and wait for them: three files at a time fill two cores. What took longest the last time begins first.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What is waited for comes when the other files leave it a core.
    expect: { poll: { timeout: 10_000 } },
  },
});

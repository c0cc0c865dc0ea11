// Development servers and test runners: an annotated function is called like any other, on one rank in the process.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import lockstep from "@lockstep/plugin-vite";
import { createServer } from "vite";
import { expect, it } from "vitest";
import { root } from "../../scripts/lib.mjs";
import { counting, Project } from "./project.ts";

const run = promisify(execFile);
const files = { "src/count.ts": counting("count"), "data.csv": "a\n1\n2\n3\n" };

it("a Vite server runs it, also after an edit", async () => {
  using project = new Project(files);
  const server = await createServer({ root: project.path, configFile: false, logLevel: "silent", plugins: [lockstep()], server: { middlewareMode: true }, appType: "custom" });
  try {
    const count = async () => ((await server.ssrLoadModule("/src/count.ts")) as { count(path: string): Promise<number> }).count(project.file("data.csv"));
    expect(await count()).toBe(2);
    project.write("src/count.ts", files["src/count.ts"].replace("d.a > 1", "d.a > 2"));
    await expect.poll(count).toBe(1);
    project.write("src/count.ts", files["src/count.ts"].replace("d.a > 1", "d.b > 1"));
    await expect.poll(() => count().catch((error: Error) => error.message)).toMatch(/no column 'b'/);
  } finally {
    await server.close();
  }
});

it("a Vite server sees an edit of a helper that a row function took in", async () => {
  const helper = (least: number) => `export function over(n: number): boolean { return n > ${least}; }\n`;
  using project = new Project({
    ...files,
    "src/over.ts": helper(1),
    "src/count.ts": `import { over } from "./over.ts";\n${counting("count").replace("d.a > 1", "over(d.a)")}`,
  });
  const server = await createServer({ root: project.path, configFile: false, logLevel: "silent", plugins: [lockstep()], server: { middlewareMode: true }, appType: "custom" });
  try {
    const count = async () => ((await server.ssrLoadModule("/src/count.ts")) as { count(path: string): Promise<number> }).count(project.file("data.csv"));
    expect(await count()).toBe(2);
    project.write("src/over.ts", helper(2));
    await expect.poll(count).toBe(1);
  } finally {
    await server.close();
  }
});

it("vitest runs it", async () => {
  using project = new Project({
    ...files,
    "vite.config.js": 'import lockstep from "@lockstep/plugin-vite";\nexport default { plugins: [lockstep()] };\n',
    "count.test.ts": 'import { expect, test } from "vitest";\nimport { count } from "./src/count.ts";\ntest("counts", async () => expect(await count("data.csv")).toBe(2));\n',
  });
  const { stdout } = await run(join(root, "node_modules/.bin/vitest"), ["run", "--root", project.path], { cwd: project.path, env: { ...process.env, NO_COLOR: "1" } });
  expect(stdout).toMatch(/Tests +1 passed/);
});

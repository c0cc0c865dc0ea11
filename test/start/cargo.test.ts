// What the scripts do about cargo, with a program in its place that takes down what it was started with.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { cargoProgress } from "../scripts/cargo-progress.mjs";
import { root } from "../scripts/lib.mjs";

const folder = mkdtempSync(join(tmpdir(), "lockstep-cargo-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Checkout {
  readonly source: string;
  readonly script: string;
}

const old = new Date("2020-01-01");

/** A checkout of the scripts and one crate, built long ago. */
function checkout(name: string): Checkout {
  const source = join(folder, name, "native-rs/crates/exec/src/lib.rs");
  mkdirSync(join(source, ".."), { recursive: true });
  cpSync(join(root, "test/scripts"), join(folder, name, "test/scripts"), { recursive: true });
  const script = join(folder, name, "build.mjs");
  writeFileSync(script, 'import { cargo } from "./test/scripts/cargo.mjs";\nawait cargo(["build"]);\n');
  writeFileSync(source, "");
  utimesSync(source, old, old);
  return { source, script };
}

const env = { ...process.env, PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}`, LOCKSTEP_CACHE: join(folder, "cache") };
mkdirSync(join(folder, "bin"));
const cargo = (text: string): void => {
  writeFileSync(join(folder, "bin/cargo"), `#!/bin/sh\n${text}\n`);
  chmodSync(join(folder, "bin/cargo"), 0o755);
};
const changed = ({ source }: Checkout): boolean => {
  const is = statSync(source).mtimeMs !== old.getTime();
  utimesSync(source, old, old);
  return is;
};

/** How often cargo was started in each checkout. */
const builds = (): readonly string[] => readFileSync(join(env.LOCKSTEP_CACHE, "built"), "utf8").trim().split("\n");

it("another checkout's crates are not taken for this one's", () => {
  const [one, two] = [checkout("one"), checkout("two")];
  cargo('basename "$(dirname "$PWD")" >> "$LOCKSTEP_CACHE/built"');
  const renews = (it: Checkout): boolean => {
    expect(spawnSync(process.execPath, [it.script], { env, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    return changed(it);
  };
  expect([one, one, two, one].map(renews)).toEqual([false, false, true, true]);
  expect(builds()).toEqual(["one", "one", "two", "one"]);
});

it("what these sources are built into elsewhere stays fresh", () => {
  const five = checkout("five");
  cargo("true");
  const build = (target: string): boolean => {
    writeFileSync(five.script, `import { cargo } from "./test/scripts/cargo.mjs";\nawait cargo(["build"], { target: ${JSON.stringify(join(folder, target))} });\n`);
    expect(spawnSync(process.execPath, [five.script], { env, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    return statSync(five.source).mtimeMs !== old.getTime();
  };
  // The second target folder is empty, the third was filled by another checkout before the first gave the sources their times.
  mkdirSync(join(folder, "third"), { recursive: true });
  writeFileSync(join(folder, "third/checkout"), "elsewhere\nbuilt");
  expect(build("second")).toBe(false);
  mkdirSync(join(folder, "first/release"), { recursive: true });
  expect(build("first")).toBe(true);
  const { mtimeMs } = statSync(five.source);
  expect(build("third")).toBe(true);
  expect(statSync(five.source).mtimeMs).toBe(mtimeMs);
});

it("nor those that another one built while this one waited for cargo's lock", async () => {
  const names = ["three", "four"];
  cargo('n=$(basename "$(dirname "$PWD")"); echo "$n" >> "$LOCKSTEP_CACHE/built"; while [ ! -e "$LOCKSTEP_CACHE/$n" ]; do sleep 0.05; done');
  const ends: Promise<unknown>[] = [];
  for (const name of names) {
    ends.push(once(spawn(process.execPath, [checkout(name).script], { env, stdio: "inherit" }), "close"));
    await expect.poll(builds).toContain(name);
  }
  for (const [index, name] of names.entries()) {
    writeFileSync(join(env.LOCKSTEP_CACHE, name), "");
    expect(await ends[index]).toEqual([0, null]);
  }
  expect(builds().slice(-3)).toEqual(["three", "four", "four"]);
});

describe("the line about a build", () => {
  const line = (name: string, fresh: boolean): string => JSON.stringify({ reason: "compiler-artifact", package_id: `registry+https://x#${name}@1.0.0`, fresh });
  let time = 0;
  const progress = (): ReturnType<typeof cargoProgress> => {
    time = 0;
    const it = cargoProgress({ now: () => time * 1000, cores: 2 });
    it.all(["arrow", "datafusion", "lockstep-comm", "lockstep-connectors", "lockstep-functions", "lockstep-exec", "lockstep-binding"].map((name) => `${name} v1.0.0`));
    return it;
  };

  it("has minutes that are left, where only our own crates are compiled", () => {
    const build = progress();
    expect(build.text()).toBe("native     cargo is starting, 0:00 so far; the first build on a machine takes 15 to 25 minutes on 2 cores");
    build.output(line("arrow", true));
    build.output(line("datafusion", true));
    expect(build.text()).toBe("native     2 of 7 crates built, 0:00 so far, about 3 min left");
    time = 70;
    for (const name of ["lockstep-comm", "lockstep-connectors", "lockstep-functions"]) build.output(line(name, false));
    expect(build.text()).toBe("native     5 of 7 crates built, 1:10 so far, about 2 min left");
    time = 140;
    expect(build.text()).toBe("native     5 of 7 crates built, 2:20 so far, about a minute left");
    time = 200;
    expect(build.text()).toBe("native     5 of 7 crates built, 3:20 so far, longer than expected");
  });

  it("says what it waits for", () => {
    const build = progress();
    expect(build.error("    Blocking waiting for file lock on build directory")).toBe(true);
    expect(build.text()).toBe("native     waits for another cargo on this machine, which holds the lock of the build directory");
    expect(build.error("   Compiling lockstep-exec v1.0.0")).toBe(false);
    expect(build.text()).toContain("cargo is starting");
  });
});

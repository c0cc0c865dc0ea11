// npm start: from a fresh clone to the main job on two ranks, showing what happens on the way. Every step leaves its
// result behind, so that an interrupted start goes on where it was and a second one redoes nothing.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { createInterface } from "node:readline";
import { cargoProgress } from "./cargo-progress.mjs";
import { cache, root, run } from "./lib.mjs";

const example = join(root, "playground/examples/monthly-trips");
const state = join(root, ".lockstep");
const bin = join(root, "node_modules/.bin");
const shown = (path) => relative(root, path);
const started = Date.now();

process.on("SIGINT", interrupted);
function interrupted() {
  console.log("\nInterrupted; `npm start` goes on from here.");
  process.exit(130);
}
// A step that failed has said why; a bug of this script shows where.
process.on("uncaughtException", (error) => {
  // Ctrl-C goes to the step as well, whose end may be heard of first.
  if (error.signal === "SIGINT" || error.code === 130) interrupted();
  console.error(error.code === undefined ? error.stack : `\nnpm start stopped: ${error.message.replaceAll(`${root}/`, "")}\nMend what is shown above; npm start goes on from here.`);
  process.exit(1);
});

mkdirSync(state, { recursive: true });
await step("packages", !fresh(join(root, "node_modules/.package-lock.json"), [join(root, "package-lock.json")]), () =>
  run("npm", ["install", "--no-audit", "--no-fund", "--silent"]),
);
process.env.PATH = `${bin}:${process.env.PATH}`;
const node = join(bin, "node");

const native = buildNative();
await step("TypeScript", true, () => run("tsc", ["-b"]));
const small = await data(200_000);
const bundle = join(example, "dist/job.mjs");
const runtime = sources(join(root, "runtime/dist"));
const madeOf = [...sources(example), ...runtime, ...["plugin-babel", "plugin-vite"].flatMap((name) => sources(join(root, name, "dist")))];
await step("build", !fresh(join(example, "dist/lockstep.manifest.json"), madeOf), () => run("vite", ["build", "--logLevel", "warn"], { cwd: example }));
compileReport();

const plain = await once("plain-200000", [...sources(join(example, "src")), ...runtime], async (out) => {
  const seconds = await timed(() => job([join(example, "src/job.ts")], small, out));
  return { seconds, rows: await rowsOf(out) };
});
console.log(`plain Node ${plain.rows.toLocaleString("en-US")} groups of 200,000 trips in ${plain.seconds.toFixed(1)} s (no plugin, no ranks: node src/job.ts)`);

await native.done();
const check = join(state, "check-200000");
await ranks(2, small, check);
console.log(`2 ranks    200,000 trips: ${(await equal(join(state, "plain-200000"), check)) ? "equal to plain Node" : "NOT EQUAL to plain Node: please report it"}`);
const large = await data(2_000_000);
const one = await ranks(1, large, join(state, "ranks-1"));
const two = await ranks(2, large, join(state, "ranks-2"));
report(one, two, await equal(join(state, "ranks-1"), join(state, "ranks-2")));
console.log(`
Now you:
  edit playground/examples/monthly-trips/src/job.ts, misspell "trip_miles", and npm start again
  npx lockstep explain playground/examples/monthly-trips/dist
  README.md, then ARCHITECTURE.md                              (${((Date.now() - started) / 1000).toFixed(0)} s in all)`);

/** What the compiler found out, in four lines of `lockstep explain`. */
function compileReport() {
  const { stdout } = spawnSync(node, [join(root, "runtime/bin/lockstep.mjs"), "explain", join(example, "dist")], { encoding: "utf8" });
  const lines = stdout.split("\n");
  const columns = lines.filter((line) => / \d+ of \d+ columns: /.test(line)).map((line) => line.trim().replace(/: .*$/, ""));
  const reason = lines.find((line) => /^ +:\d+ +join /.test(line) && line.includes("by ("));
  console.log(`compiled   ${shown(join(example, "src/job.ts"))} to ${shown(join(example, "dist/job.spmd.mjs"))} (the SPMD code)`);
  console.log(`  columns  ${columns.join("; ").replace(/  +/g, " ")}`);
  if (reason) console.log(`  because  ${reason.trim().replace(/  +/g, " ")}`);
}

/** A step with a name, if it is needed. */
async function step(name, needed, action) {
  if (!needed) return;
  const start = Date.now();
  const soon = setTimeout(() => console.log(`${name.padEnd(10)} under way`), 2000);
  await action();
  clearTimeout(soon);
  const seconds = (Date.now() - start) / 1000;
  if (seconds > 2) console.log(`${name.padEnd(10)} ${seconds.toFixed(0)} s`);
}

function fresh(file, sources) {
  return existsSync(file) && sources.every((source) => statSync(source).mtimeMs <= statSync(file).mtimeMs);
}

/** The files of a folder that are written by hand or by the compiler of TypeScript. */
function sources(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !`${entry.parentPath}/`.startsWith(`${example}/dist/`) && !entry.parentPath.includes("/node_modules"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/**
 * The addon, built in the background: one honest line soon, and from `done()` on, when nothing else is left to do, that
 * line kept up to date (on a terminal in place, else every three minutes).
 */
function buildNative() {
  const addon = join(root, `native-rs/lockstep.${process.platform}-${process.arch}.node`);
  const build = spawn(process.execPath, [join(root, "test/scripts/build-native.mjs"), "--message-format=json-render-diagnostics"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const progress = cargoProgress();
  const names = [];
  const tree = spawn("cargo", ["tree", "--workspace", "--edges", "normal,build", "--prefix", "none"], { cwd: join(root, "native-rs"), stdio: ["ignore", "pipe", "ignore"] });
  // Without cargo the build says so.
  tree.on("error", () => undefined);
  createInterface({ input: tree.stdout }).on("line", (line) => names.push(line.split(" ", 2).join(" "))).on("close", () => progress.all(names.filter(Boolean)));
  const errors = [];
  createInterface({ input: build.stdout }).on("line", (line) => progress.output(line));
  createInterface({ input: build.stderr }).on("line", (line) => {
    errors.push(line);
    if (!progress.error(line)) return;
    clearTimeout(soon);
    say();
  });
  const start = Date.now();
  const place = process.stdout.isTTY;
  const say = () => console.log(`${place ? "\r\x1b[K" : ""}${progress.text()}`);
  const soon = setTimeout(say, 5000);
  const built = new Promise((resolve, reject) => {
    build.on("close", (code, signal) => {
      clearTimeout(soon);
      const message = `the native build failed (${signal ?? `exit ${code}`}); the same by hand: npm run build:native\n${errors.slice(-40).join("\n")}`;
      if (code === 0 && existsSync(addon)) resolve();
      else reject(Object.assign(new Error(message), { code: code ?? 1, signal }));
    });
  });
  // Until `done()` is called nobody listens for a failure.
  built.catch(() => undefined);
  return {
    async done() {
      const ticker = setInterval(() => (place ? process.stdout.write(`\r${progress.text()}\x1b[K`) : say()), place ? 1000 : 180_000);
      try {
        await built;
      } finally {
        clearInterval(ticker);
        if (place) process.stdout.write("\r\x1b[K");
      }
      const minutes = (Date.now() - start) / 60_000;
      if (minutes > 1) console.log(`${"native".padEnd(10)} ${minutes.toFixed(0)} min`);
    },
  };
}

/** The taxi data of so many trips, made once. */
async function data(rows) {
  const folder = join(cache, `data/taxi-v1-${rows}`);
  await step("data", !existsSync(folder), () => run(node, [join(root, "test/data/cli.ts"), "taxi", "--rows", `${rows}`, "--out", folder], { stdio: ["ignore", "ignore", "inherit"] }));
  return { weather: join(folder, "central_park_weather.csv"), trips: join(folder, "fhvhv") };
}

function job(args, { weather, trips }, out) {
  return run(node, [...args, weather, trips, out], { stdio: ["ignore", "ignore", "inherit"] });
}

async function timed(action) {
  const start = performance.now();
  await action();
  return (performance.now() - start) / 1000;
}

/** A result that stays while what made it is unchanged. */
async function once(name, sources, make) {
  const out = join(state, name);
  const note = `${out}.json`;
  if (existsSync(out) && fresh(note, sources)) return JSON.parse(readFileSync(note, "utf8"));
  rmSync(out, { recursive: true, force: true });
  const result = await make(out);
  writeFileSync(note, JSON.stringify(result));
  return result;
}

async function ranks(count, input, out) {
  const addon = join(root, `native-rs/lockstep.${process.platform}-${process.arch}.node`);
  return once(`run-${count}-${out.split("/").at(-1)}`, [bundle, join(example, "dist/job.spmd.mjs"), addon, ...runtime], async (marker) => {
    const profile = join(state, `profile-${count}.json`);
    const cli = [join(root, "runtime/bin/lockstep.mjs"), "run", "-n", `${count}`, "--threads", "1", "--no-summary", "--profile", profile, bundle, "--"];
    const seconds = await timed(() => job(cli, input, out));
    mkdirSync(marker, { recursive: true });
    return { seconds, profile: JSON.parse(readFileSync(profile, "utf8")) };
  });
}

async function rowsOf(folder) {
  const { asyncBufferFromFile, parquetMetadataAsync } = await import("hyparquet");
  let rows = 0;
  for (const name of readdirSync(folder).filter((name) => name.endsWith(".parquet"))) {
    rows += Number((await parquetMetadataAsync(await asyncBufferFromFile(join(folder, name)))).num_rows);
  }
  return rows;
}

/** Rows, keys and counts equal, means within 1e-12. */
async function equal(a, b) {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const columns = "PULocationID, DOLocationID, month, weekday, date_with_precipitation, time_bucket";
  const reader = await connection.runAndReadAll(
    `select count(*) from '${a}/*.parquet' a full join '${b}/*.parquet' b using (${columns})
     where a.trips is distinct from b.trips or abs(a.avg_distance - b.avg_distance) > 1e-12 * a.avg_distance`,
  );
  return Number(reader.getRows()[0][0]) === 0;
}

/** Time per operator of both runs, bytes between ranks, speed-up, and whether their answers are equal. */
function report(one, two, same) {
  const [a, b] = [one, two].map(({ profile }) => operators(profile));
  const milliseconds = (value) => `${value.toFixed(0).padStart(6)} ms`;
  console.log(`2,000,000 trips          1 rank   2 ranks   (busiest rank)`);
  for (const [name, busy] of a) {
    if (busy >= 1) console.log(`  ${name.padEnd(20)}${milliseconds(busy)} ${milliseconds(b.get(name) ?? 0)}`);
  }
  const bytes = two.profile.executions.flatMap((execution) => execution.operators).reduce((sum, operator) => sum + operator.ranks.reduce((all, rank) => all + rank.bytesSent, 0), 0);
  console.log(`  ${"whole process".padEnd(20)}${milliseconds(one.seconds * 1000)} ${milliseconds(two.seconds * 1000)}   speed-up ${(one.seconds / two.seconds).toFixed(2)}, ${(bytes / 1e6).toFixed(1)} MB exchanged, ${same ? "equal answers" : "ANSWERS NOT EQUAL: please report it"}`);
}

/** Busy milliseconds of the busiest rank by operator. */
function operators(profile) {
  const busy = new Map();
  for (const { operators } of profile.executions) {
    for (const { name, ranks } of operators) busy.set(name, (busy.get(name) ?? 0) + Math.max(...ranks.map((rank) => rank.busyMs)));
  }
  return busy;
}

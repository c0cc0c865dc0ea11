/** The servers that tests of object stores run with, installed into the cache; each is a program of its own project. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { cache } from "../scripts/lib.mjs";

const run = promisify(execFile);
const folder = join(cache, "stores");

/** A Go program of its module path with version; needs `go`. */
export async function goProgram(module: string): Promise<string> {
  const [path, version] = module.split("@") as [string, string];
  const name = basename(path);
  return installed(`${name}-${version}`, name, "go", async (making) => {
    await run("go", ["install", module], { env: { ...process.env, GOBIN: making, GOFLAGS: "-p=2" }, maxBuffer: 1 << 26 });
  });
}

/** A jar of Maven Central; needs `mvn` and `java`. */
export async function jar(group: string, artifact: string, version: string, classifier: string): Promise<string> {
  const name = `${artifact}-${version}-${classifier}.jar`;
  return installed(`${artifact}-${version}`, name, "mvn", async (making) => {
    const plugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy";
    await run("mvn", ["-q", "-B", plugin, `-Dartifact=${group}:${artifact}:${version}:jar:${classifier}`, `-DoutputDirectory=${making}`, `-Dmdep.useBaseVersion=true`], { maxBuffer: 1 << 26 });
  });
}

/** Artifacts of Maven Central ("group:artifact:version" or with a classifier behind) and what they need: a folder of jars. */
export async function mavenLibrary(name: string, artifacts: readonly string[]): Promise<string> {
  return installed(name, "lib", "mvn", async (making) => {
    const dependency = (artifact: string): string => {
      const [group, id, version, classifier] = artifact.split(":");
      return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version>${classifier ? `<classifier>${classifier}</classifier>` : ""}</dependency>`;
    };
    const project = `<modelVersion>4.0.0</modelVersion><groupId>lockstep</groupId><artifactId>${name}</artifactId><version>1</version><dependencies>${artifacts.map(dependency).join("")}</dependencies>`;
    writeFileSync(join(making, "pom.xml"), `<project xmlns="http://maven.apache.org/POM/4.0.0">${project}</project>`);
    await run("mvn", ["-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies", `-DoutputDirectory=${join(making, "lib")}`], { cwd: making, maxBuffer: 1 << 26 });
  });
}

/** A Java program compiled once for as long as it is the same, which takes longer than to start it; the folder of its classes. */
export async function javaClasses(source: string, path: string): Promise<string> {
  const name = `${basename(source, ".java")}-${createHash("sha256").update(readFileSync(source)).update(path).digest("hex").slice(0, 16)}`;
  return installed(name, "classes", "javac", async (making) => {
    await run("javac", ["-cp", path, "-d", join(making, "classes"), source]);
  });
}

/** An npm package and what it needs; its folder. */
export async function npmPackage(name: string, version: string): Promise<string> {
  // A scope is no folder.
  const path = await installed(`${name.replace("/", "+")}-${version}`, `node_modules/${name}`, "npm", async (making) => {
    await run("npm", ["install", "--silent", "--no-save", "--no-audit", "--no-fund", "--prefix", making, `${name}@${version}`], { maxBuffer: 1 << 26 });
  });
  return path;
}

/** `what` in the folder `name` of the cache, made if it is not there. */
async function installed(name: string, what: string, tool: string, make: (folder: string) => Promise<void>): Promise<string> {
  const file = join(folder, name, what);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  // Tests of several workers may come here at once: each makes its own, the first one stays.
  const making = mkdtempSync(join(folder, ".making-"));
  try {
    await make(making);
    renameSync(making, join(folder, name));
  } catch (error) {
    if (!existsSync(file)) throw new Error(`tests of object stores need ${name} (by ${tool}, from its registry) in ${folder}\n${String(error)}`, { cause: error });
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return file;
}

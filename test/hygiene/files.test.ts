/** Small files, no traces of the machine they were written on, no leftovers. */
import { expect, it } from "vitest";
import { sources } from "./sources.ts";

const PACKAGES = ["plugin-babel/src", "plugin-vite/src", "runtime/src", "playground/src", "playground/server", "native-rs/crates"];
const CODE = [".ts", ".tsx", ".css", ".rs", ".mjs"];

/** Lines of a file without its in-file Rust tests. */
function lines(text: string): number {
  return text.split("\n#[cfg(test)]\nmod tests")[0]!.split("\n").length;
}

it("the median file is under 100 lines", () => {
  const sizes = PACKAGES.flatMap((folder) => sources(folder, CODE)).map((file) => lines(file.text)).sort((a, b) => a - b);
  expect(sizes[sizes.length >> 1]).toBeLessThan(100);
});

it("no file is past 400 lines", () => {
  const large = PACKAGES.flatMap((folder) => sources(folder, CODE)).filter((file) => lines(file.text) > 400);
  expect(large.map((file) => `${file.path}: ${lines(file.text)}`)).toEqual([]);
});

it("no committed file names a path of a developer's machine", () => {
  const pattern = new RegExp(["/work" + "/(?:main|shared)", "/ho" + "me/\\w+/", "/ro" + "ot/"].join("|"));
  const found = ["plugin-babel", "plugin-vite", "runtime", "native-rs", "playground", "test"]
    .flatMap((folder) => sources(folder, [...CODE, ".md", ".json", ".toml", ".py"]))
    .filter((file) => pattern.test(file.text));
  expect(found.map((file) => file.path)).toEqual([]);
});

it("nothing is left to do in a comment", () => {
  const pattern = new RegExp(`\\b(?:${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\\b`);
  const found = PACKAGES.flatMap((folder) => sources(folder, CODE)).filter((file) => pattern.test(file.text));
  expect(found.map((file) => file.path)).toEqual([]);
});

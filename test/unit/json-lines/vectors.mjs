// What V8's JSON.parse makes of lines, good ones and broken ones: `node test/unit/json-lines/vectors.mjs` writes
// native-rs/crates/connectors/tests/json-lines.json, which the Rust test reads. A case is [line, members], null where it is no object.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const FILE = fileURLToPath(new URL("../../../native-rs/crates/connectors/tests/json-lines.json", import.meta.url));

let seed = 5;
const random = (limit) => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * limit);
};
const pick = (list) => list[random(list.length)];
const several = (most, make) => Array.from({ length: random(most + 1) }, make);

const SPACE = ["", "", "", " ", "\t", "\r", "  "];
const NUMBERS = ["0", "-0", "1", "-12.25", "1e400", "-1E+400", "1e-400", "0.1", "5e-324", "123456789012345678901234567890", "9007199254740993", "-0.0", "1.7976931348623157e308", "0e0", "2.5E-3"];
const TEXTS = ["", "a", "é", "😀", "\u2028", "\u007f", "\\n", "\\u0000", "\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\uD83Dx", "\\\\", '\\"', "\\/", "\\b\\f\\r\\t", "\\u00e9", "\ufeff", "0", "__proto__", "constructor"];
const KEYS = ["a", "b", "__proto__", "constructor", "", "é", "\\u0061", "1", "0", "10", "01", "4294967294", "4294967295"];
const PIECES = ["{", "}", "[", "]", ":", ",", '"', "\\", "\\u", "\\u12", "\\x41", "'", "0", "1", "-", "+", ".", "e", "E", "t", "true", "null", "nul", "NaN", "Infinity", "undefined", " ", "\t", "\r", "\f", "\u0001", "\u001f", "\u00a0", "\u2028", "\ufeff", "//", "/**/"];

const text = () => `"${several(3, () => pick(TEXTS)).join("")}"`;
const spaced = (...parts) => parts.map((part) => pick(SPACE) + part).join("") + pick(SPACE);
const member = (depth) => spaced(`"${pick(KEYS)}"`, ":", value(depth));
const object = (depth) => spaced("{", several(4, () => member(depth)).join(","), "}");
const list = (depth) => spaced("[", several(3, () => spaced(value(depth))).join(","), "]");
const value = (depth) => pick([() => pick(NUMBERS), () => pick(NUMBERS), text, text, () => pick(["true", "false", "null"]), ...(depth > 0 ? [() => object(depth - 1), () => list(depth - 1)] : [])])();

/** Some characters taken out, put in or put elsewhere. */
function broken(line) {
  const at = random(line.length + 1);
  const changed = pick([
    () => line.slice(0, at) + line.slice(at + 1),
    () => line.slice(0, at) + pick(PIECES) + line.slice(at),
    () => line.slice(0, at) + pick(PIECES) + line.slice(at + 1),
    () => line.slice(0, at),
    () => line + line.slice(at),
  ])();
  return (random(3) === 0 ? broken(changed) : changed).toWellFormed();
}

const shown = (value) => {
  if (typeof value === "number") return ["number", Object.is(value, -0) ? "-0" : String(value)];
  if (typeof value === "string") return ["string", value.toWellFormed()];
  if (typeof value === "boolean") return ["boolean", String(value)];
  return [value === null ? "null" : Array.isArray(value) ? "list" : "object", ""];
};

function members(line) {
  try {
    const parsed = JSON.parse(line);
    return shown(parsed)[0] === "object" ? Object.entries(parsed).map(([key, value]) => [key.toWellFormed(), ...shown(value)]) : null;
  } catch {
    return null;
  }
}

/** One case a line. */
export function vectors() {
  const whole = Array.from({ length: 400 }, () => object(2));
  const lines = [...whole, ...Array.from({ length: 2600 }, () => broken(pick([whole[random(whole.length)], object(1), value(2)])))];
  return `[\n${[...new Set(lines)].filter((line) => !line.includes("\n")).map((line) => JSON.stringify([line, members(line)])).join(",\n")}\n]\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FILE, vectors());

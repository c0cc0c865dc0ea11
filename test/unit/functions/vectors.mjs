// What V8 answers: every function of the native catalogue on nasty inputs.
// `node test/unit/functions/vectors.mjs` writes native-rs/crates/functions/tests/functions/vectors.json, which the Rust test reads.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { op } from "arquero";
import { bins } from "../../../node_modules/arquero/src/util/bins.js";
import { bigints, booleans, dates, few, indices, numbers, numerals, patterns, strings, texts } from "./inputs.mjs";

/** Where the vectors are kept. */
export const FILE = fileURLToPath(new URL("../../../native-rs/crates/functions/tests/functions/vectors.json", import.meta.url));

const cases = [];

/** One case: the result, or the thrown message, of every combination of the listed arguments. */
function add(name, types, result, f, lists, options = {}) {
  const of = (value, type) => (type.endsWith("[]") ? (value?.map((element) => of(element, type.slice(0, -2))) ?? null) : type === "date" && value !== null ? new Date(value) : value);
  const rows = lists.reduce((rows, list) => rows.flatMap((row) => list.map((value) => [...row, value])), [[]]);
  const results = rows.map((row) => {
    try {
      return encode(f(...row.map((value, index) => of(value, types[index]))), result);
    } catch (error) {
      return { throws: error.message };
    }
  });
  const inputs = lists.map((list, index) => list.map((value) => encode(value, types[index])));
  cases.push({ function: name, types, result, ...options, inputs, results });
}

function encode(value, type) {
  if (value === undefined || value === null) return null;
  if (Array.isArray(value)) return value.map((element) => encode(element, type.slice(0, -2)));
  if (type === "date") return Number.isNaN(+value) ? "NaN" : Math.trunc(+value);
  if (typeof value === "bigint") return String(value);
  if (typeof value === "string") return value.toWellFormed();
  if (Object.is(value, -0)) return "-0";
  // serde_json's parser is not exact to the last bit; Rust's own is.
  return typeof value === "number" && !Number.isSafeInteger(value) ? String(value) : value;
}

const cross = (...lists) => lists;

const N = "number", S = "string", B = "boolean", I = "bigint", D = "date";

// Operators.
const binary = {
  add: (x, y) => x + y, sub: (x, y) => x - y, mul: (x, y) => x * y, div: (x, y) => x / y, mod: (x, y) => x % y, pow: (x, y) => x ** y,
};
for (const [name, f] of Object.entries(binary)) {
  add(name, [N, N], N, f, cross(numbers, few), name === "pow" ? { ulps: 1 } : {});
  add(name, [I, I], I, (x, y) => (x === null || y === null ? mix() : int64(f(x, y))), cross(bigints, name === "pow" ? [null, 0n, 1n, 2n, -1n, 62n, 63n] : bigints));
}
add("neg", [N], N, (x) => -x, cross(numbers));
add("plus", [N], N, (x) => +x, cross(numbers));
add("neg", [I], I, (x) => (x === null ? mix() : int64(-x)), cross(bigints));
const bits = {
  "bit.and": (x, y) => x & y, "bit.or": (x, y) => x | y, "bit.xor": (x, y) => x ^ y,
  "bit.shl": (x, y) => x << y, "bit.shr": (x, y) => x >> y, "bit.ushr": (x, y) => x >>> y,
};
for (const [name, f] of Object.entries(bits)) add(name, [N, N], N, f, cross(numbers, few));
add("bit.not", [N], N, (x) => ~x, cross(numbers));

/** Past int64 the native function says so; JavaScript goes on. */
function int64(x) {
  if (BigInt.asIntN(64, x) !== x) throw new RangeError("int64");
  return x;
}
function mix() {
  throw new TypeError("Cannot mix BigInt and other types, use explicit conversions");
}

const orderings = { lt: (x, y) => x < y, le: (x, y) => x <= y, gt: (x, y) => x > y, ge: (x, y) => x >= y };
const equalities = { eq: (x, y) => x === y, ne: (x, y) => x !== y };
for (const [name, f] of Object.entries({ ...orderings, ...equalities })) {
  add(name, [N, N], B, f, cross(few, numbers));
  add(name, [S, S], B, f, cross(strings, strings.slice(0, 4).concat(strings.slice(15))));
  add(name, [I, I], B, f, cross(bigints, bigints));
  if (name in orderings) {
    add(name, [D, D], B, f, cross(dates, dates.slice(0, 8)));
    add(name, [I, N], B, f, cross(bigints, few));
    add(name, [N, I], B, f, cross([...few, 9007199254740992], bigints));
    add(name, [S, N], B, f, cross(numerals, few));
    add(name, [B, B], B, f, cross(booleans, booleans));
  } else {
    add(name, [B, B], B, f, cross(booleans, booleans));
    add(name, [S, N], B, f, cross(["1", null], [1, null]));
  }
}

const everything = [[N, numbers], [S, strings], [B, booleans], [I, bigints], [D, dates]];
for (const [type, values] of everything) {
  add("truthy", [type], B, (x) => !!x, cross(values));
  add("Boolean", [type], B, (x) => Boolean(x), cross(values));
  add("not", [type], B, (x) => !x, cross(values));
  add("isNull", [type], B, (x) => x == null, cross(values));
  add("Number", [type], N, (x) => Number(x), cross(type === S ? [...strings, ...numerals] : values));
  if (type !== D) {
    add("String", [type], S, (x) => String(x), cross(values));
    add("concat", [type, S], S, (x, y) => `${x}${y}`, cross(values, ["|", null]));
    add("in", [type, type, type], B, (x, y, z) => [y, z].includes(x), cross(values, values.slice(0, 4), values.slice(2, 5)));
  }
  if (type !== I) {
    add("isNaN", [type], B, (x) => isNaN(x), cross(values));
    add("isFinite", [type], B, (x) => isFinite(x), cross(values));
  }
}
for (const name of ["isNaN", "isFinite", "isInteger", "isSafeInteger"]) {
  add(`Number.${name}`, [N], B, Number[name], cross(numbers));
  add(`Number.${name}`, [S], B, Number[name], cross(numerals.slice(0, 5)));
}
add("BigInt", [N], I, (x) => int64(BigInt(x)), cross(numbers));
add("BigInt", [S], I, (x) => int64(BigInt(x)), cross(numerals));
add("BigInt", [B], I, (x) => BigInt(x), cross(booleans));
add("parseFloat", [S], N, parseFloat, cross(numerals));
add("parseInt", [S], N, (x) => parseInt(x), cross(numerals));
add("parseInt", [S, N], N, parseInt, cross(numerals, [null, 0, 2, 3, 7, 8, 10, 16, 32, 35, 36, 37, 1, -1, NaN]));

// Math. What ECMA-262 leaves to the implementation may differ by a unit in the last place.
const loose = new Set(["acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "cos", "cosh", "exp", "expm1", "log", "log10", "log1p", "log2", "pow", "sin", "sinh", "tan", "tanh"]);
const one = [
  "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "ceil", "clz32", "cos", "cosh", "exp", "expm1", "floor", "fround", "log", "log10", "log1p", "log2",
  "round", "sign", "sin", "sinh", "sqrt", "tan", "tanh", "trunc",
];
for (const name of one) {
  const more = [0.2, 0.7, 0.9, 1.1, 3.3, 20, 50, 700, -700, 1e-3, 1e5, -0.99, 6.5, 1e22, -1595113];
  add(`Math.${name}`, [N], N, Math[name], cross([...numbers, ...more]), loose.has(name) ? { ulps: 1 } : {});
}
for (const name of ["atan2", "hypot", "imul", "max", "min", "pow"]) {
  add(`Math.${name}`, [N, N], N, Math[name], cross(few, numbers), loose.has(name) ? { ulps: 1 } : {});
}
add("bin", [N, N, N, N], N, (...args) => op.bin(...args), cross([-1, 0, 0.1, 0.3, 9.99, 10, 11, NaN, -0], [0, 0.1, -0], [10, 0.3, Infinity], [0.1, 3, 0]));
add("bin", [N, N, N, N, N], N, (...args) => op.bin(...args), cross([-5, 2.5, 7], [-5], [7], [2.5], [null, 0, 1, -2, NaN]));
// Spans of nearly a power of ten; a step of 0: none is given. (Of 10^23 and 10^210 V8's power is not the nearest number, which both executions take.)
const least = [null, NaN, 0, -0, -3, -0.3, -99.9, -Infinity], most = [0, 10, 9.999, 31.622776601683793, 1e-7, 3e22, Infinity];
const binsOf = (low, high, maxbins, nice, minstep, step) => bins(low ?? NaN, high ?? NaN, maxbins, nice, minstep, step === 0 ? undefined : step);
add("bins", [N, N, N, B, N, N], "number[]", binsOf, cross(least, most, [15, 1000, 1, 3.5], [true, false], [0, 2.5], [0, 0.1]));
add("binOf", [N, N, N, N, B, N, N, N], N, (value, low, high, maxbins, nice, minstep, step, offset) => op.bin(value ?? 0, ...binsOf(low, high, maxbins, nice, minstep, step), offset), cross([0, -3, 7.25, 11, NaN], [0, -3, null], [7.25, 10, 3e22], [10, 2], [true, false], [0], [0, 0.7], [0, 1]));
for (const name of ["hypot", "max", "min"]) {
  add(`Math.${name}`, [N], N, Math[name], cross(numbers));
  add(`Math.${name}`, [N, N, N], N, Math[name], cross(few, few, few));
}

// Methods.
const method = (name, types, result, rows) => {
  const [family, f] = name.split(".");
  add(name, [family, ...types], result, (receiver, ...rest) => receiver[f](...rest), rows);
};
add("string.length", [S], N, (x) => x.length, cross(strings));
for (const name of ["charAt", "at"]) method(`string.${name}`, [N], S, cross(strings, indices));
for (const name of ["charCodeAt", "codePointAt"]) method(`string.${name}`, [N], N, cross(strings, indices));
for (const name of ["slice", "substring"]) {
  method(`string.${name}`, [], S, cross(strings));
  method(`string.${name}`, [N], S, cross(strings, indices));
  method(`string.${name}`, [N, N], S, cross(strings, indices, indices));
}
for (const name of ["indexOf", "lastIndexOf"]) {
  method(`string.${name}`, [S], N, cross(strings, patterns));
  method(`string.${name}`, [S, N], N, cross(strings, patterns, indices));
}
for (const name of ["includes", "startsWith", "endsWith"]) {
  method(`string.${name}`, [S], B, cross(strings, patterns));
  method(`string.${name}`, [S, N], B, cross(strings, patterns, indices));
}
for (const name of ["toUpperCase", "toLowerCase", "trim", "trimStart", "trimEnd"]) method(`string.${name}`, [], S, cross(strings));
for (const name of ["padStart", "padEnd"]) {
  method(`string.${name}`, [N], S, cross(strings, [...indices.filter((x) => x !== Infinity), 1e9]));
  method(`string.${name}`, [N, S], S, cross(strings, [null, 3, 8], patterns));
}
method("string.repeat", [N], S, cross(strings.filter((x) => x !== ""), [null, NaN, 0, 1, 2, 3.7, -1, -0.5, -1.5, Infinity, 1e9]));
for (const name of ["replace", "replaceAll"]) {
  method(`string.${name}`, [S, S], S, cross(strings, patterns, ["", "-", "[$&]", "$$", "$`|$'", "$1$", null]));
}
method("string.concat", [S, N], S, cross(strings.slice(0, 4), patterns, few));
method("number.toFixed", [], S, cross(numbers));
method("number.toFixed", [N], S, cross([...numbers, 8.345, 10.235, 1.45, 0.5, 1234.5678, 1e20, -1.5, 0.05, 4.35, 2.345], [null, 0, 1, 2, 5, 20, 100, 101, -1, 1.9]));
method("number.toString", [], S, cross(numbers));
// Past 2^53 the digits that a number does not hold are V8's own choice.
const held = (x) => !(Math.abs(x) > Number.MAX_SAFE_INTEGER && Number.isFinite(x));
method("number.toString", [N], S, cross([...numbers.filter(held), 255.5, 0.0001], [2, 3, 8, 10, 16, 36, 37, 1]));
add("boolean.toString", [B], S, (x) => x.toString(), cross(booleans));
add("number.toString", [I, N], S, (x, radix) => x.toString(radix), cross(bigints, [2, 10, 16, 36]));

// Lists: null, empty, with nulls among the elements.
const places = [NaN, 0, 1, 2, -1, -3, 0.5, 1.9, 100, Infinity, -Infinity];
const listsOf = (values) => [null, [], [values[1]], values.slice(0, 3), [...values, ...values.slice(1, 2)]];
for (const [type, values] of [[N, few], [S, strings.slice(0, 8)], [B, booleans], [I, bigints.slice(0, 5)], [D, dates.slice(0, 6)]]) {
  const list = `${type}[]`;
  add("list.length", [list], N, (x) => x.length, cross(listsOf(values)));
  add("list.at", [list, N], type, (x, i) => x.at(i), cross(listsOf(values), places));
  add("list.item", [list, N], type, (x, i) => x[i], cross(listsOf(values), places));
  add("list.slice", [list], list, (x) => x.slice(), cross(listsOf(values)));
  add("list.slice", [list, N], list, (x, from) => x.slice(from), cross(listsOf(values), places));
  add("list.slice", [list, N, N], list, (x, from, to) => x.slice(from, to), cross(listsOf(values), places, places));
  add("Array.of", [type, type, type], list, (...x) => x, cross(values.slice(0, 4), values.slice(0, 3), values.slice(0, 2)));
  add("truthy", [list], B, (x) => !!x, cross(listsOf(values)));
  add("isNull", [list], B, (x) => x == null, cross(listsOf(values)));
  if (type === D) continue;
  add("list.includes", [list, type], B, (x, y) => x.includes(y), cross(listsOf(values), values));
  add("list.indexOf", [list, type], N, (x, y) => x.indexOf(y), cross(listsOf(values), values));
  add("list.join", [list], S, (x) => x.join(), cross(listsOf(values)));
  add("list.join", [list, S], S, (x, between) => x.join(between), cross(listsOf(values), ["", ", ", "😀", null]));
}
// An empty separator cuts between code units, which the compiler leaves to V8.
add("string.split", [S, S], "string[]", (x, y) => x.split(y), cross([...strings, "a,b,,c,", ","], patterns.filter((x) => x !== "").concat(",")));
add("string.split", [S, S, N], "string[]", (x, y, limit) => x.split(y, limit), cross(["a,b,,c,", "", ",", null], [",", "b"], [...places, null, 2 ** 32, 2 ** 32 + 1]));

// Dates. UTC is exact everywhere; local time is tested in three zones.
const parts = ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"];
for (const part of parts) method(`date.getUTC${part}`, [], N, cross(dates));
method("date.getTime", [], N, cross(dates));
method("date.valueOf", [], N, cross(dates));
method("date.toISOString", [], S, cross(dates));
method("date.toJSON", [], S, cross(dates));
const years = [null, NaN, 0, 49, 99, 100, 1970, 2024, -1, 275760, 275761, -271821, 1e9, Infinity, 2024.9];
const months = [null, NaN, 0, 1, 11, 12, 25, -1, -13, 1.9, 1e12];
add("Date.UTC", [N], N, Date.UTC, cross(years));
add("Date.UTC", [N, N], N, Date.UTC, cross(years, months));
add("Date.UTC", [N, N, N], N, Date.UTC, cross(years, months, [null, 1, 29, 31, 32, 0, -1, 1.9, NaN, 1e9]));
add("Date.UTC", [N, N, N, N, N, N, N], N, Date.UTC, cross([2024, 99], [1], [29], [0, 24, -1], [59, 61], [0, 60.5], [0, 999, 1e6, NaN]));
add("Date", [N], D, (x) => new Date(x), cross([...numbers, 8.64e15, -8.64e15, 8.64e15 + 1, 1e12 + 0.5]));
add("Date", [D], D, (x) => new Date(x), cross(dates));
add("Date", [B], D, (x) => new Date(x), cross(booleans));

for (const zone of ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"]) {
  process.env.TZ = zone;
  for (const part of parts) add(`date.get${part}`, [D], N, (x) => x[`get${part}`](), cross(dates), { zone });
  add("date.getTimezoneOffset", [D], N, (x) => x.getTimezoneOffset(), cross(dates.filter((x) => x === null || !(x < -2e12))), { zone });
  add("Date.parse", [S], N, Date.parse, cross(texts), { zone });
  add("Date", [S], D, (x) => new Date(x), cross([null, ...texts]), { zone });
  add("Date", [N, N], D, (x, y) => new Date(x, y), cross([1971, 2024, 99], months), { zone });
  // The hours around a change to summer time and back.
  add("Date", [N, N, N, N, N], D, (...x) => new Date(...x), cross([2024], [2, 9], [10, 27, 31], [1, 2, 3], [0, 30, 59]), { zone });
}
process.env.TZ = "UTC";

/** The file's text: one case a line. */
export function text() {
  return `[\n${cases.map((each) => JSON.stringify(each)).join(",\n")}\n]\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(FILE, text());

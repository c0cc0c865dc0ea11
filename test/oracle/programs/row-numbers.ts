import { measurements } from "../open.ts";
import type { Tables } from "../data.ts";

export async function arithmetic(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({
    a: (d) => d.level * 3 - d.id / 7 + (d.level % 4), b: (d) => -(d.level ** 3), c: (d) => 1 / d.level, d: (d) => d.value! + 1, e: (d) => (d.value ?? 0) % 2.5,
    f: (d) => (d.level | 5) ^ (d.id & 12), g: (d) => (d.id << 3) >>> 1, h: (d) => ~d.level >> 1, i: (d) => +d.ok + +d.station!, j: (d) => Number(d.label), k: (d) => d.value! * 0,
  }).select("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k").objects();
}

export async function mathematics(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({
    floor: (d) => Math.floor(d.value ?? NaN), ceil: (d) => Math.ceil(d.value!), round: (d) => Math.round((d.value ?? 0) / 2), trunc: (d) => Math.trunc(d.value!), sign: (d) => Math.sign(d.value!), abs: (d) => Math.abs(d.level),
    min: (d) => Math.min(d.level, d.id, 3), max: (d) => Math.max(d.value!, 0), sqrt: (d) => Math.sqrt(d.level), cbrt: (d) => Math.cbrt(d.level), hypot: (d) => Math.hypot(d.level, 3), pow: (d) => Math.pow(d.level, 0.5),
    exp: (d) => Math.exp(d.level), log: (d) => Math.log(d.id), log2: (d) => Math.log2(d.id), log10: (d) => Math.log10(d.id), log1p: (d) => Math.log1p(d.id), sin: (d) => Math.sin(d.id), cos: (d) => Math.cos(d.id), tan: (d) => Math.tan(d.id),
    atan2: (d) => Math.atan2(d.level, d.id), fround: (d) => Math.fround(d.value!), imul: (d) => Math.imul(d.level, d.id), clz: (d) => Math.clz32(d.id), pi: () => Math.PI, tanh: (d) => Math.tanh(d.level / 10), asin: (d) => Math.asin(d.level / 20),
  }).select("floor", "ceil", "round", "trunc", "sign", "abs", "min", "max", "sqrt", "cbrt", "hypot", "pow", "exp", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "atan2", "fround", "imul", "clz", "pi", "tanh", "asin").objects();
}

export async function conversions(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({
    fixed: (d) => (d.value ?? 0).toFixed(2), text: (d) => String(d.value), radix: (d) => d.id.toString(16), int: (d) => parseInt(d.label), float: (d) => parseFloat(`${d.value}x`), nan: (d) => Number.isNaN(d.value), finite: (d) => Number.isFinite(d.value), whole: (d) => Number.isInteger(d.value),
    bool: (d) => Boolean(d.value), joined: (d) => d.value + d.label, tenth: (d) => d.level / 10 + 0.2, tiny: (d) => `${d.id * 1e-9}`, huge: (d) => `${d.id * 1e20}`, inf: (d) => `${1 / (d.level * 0)}`, big: (d) => `${d.serial}`, next: (d) => d.serial + 1n, from: (d) => BigInt(d.level), num: (d) => Number(d.serial),
  }).select("fixed", "text", "radix", "int", "float", "nan", "finite", "whole", "bool", "joined", "tenth", "tiny", "huge", "inf", "big", "next", "from", "num").objects();
}

export async function logic(tables: Tables) {
  "use spmd";
  return (await measurements(tables)).derive({
    or: (d) => d.value || -1, and: (d) => (d.value && d.level) ?? null, nullish: (d) => d.value ?? 99, not: (d) => !d.station, both: (d) => d.ok && d.level > 0, name: (d) => d.station || "none", pick: (d) => (d.ok ? d.station : d.label),
    less: (d) => d.label < "b", cmp: (d) => d.value! >= d.level, eq: (d) => d.value === d.level, ne: (d) => d.station !== "st-01", when: (d) => d.at < new Date(0), nested: (d) => (d.level > 10 ? "high" : d.level > 0 ? "low" : d.level === 0 ? "zero" : "negative"), loose: (d) => d.station == null,
  }).select("or", "and", "nullish", "not", "both", "name", "pick", "less", "cmp", "eq", "ne", "when", "nested", "loose").objects();
}

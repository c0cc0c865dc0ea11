import { describe, expect, test } from "vitest";
import { expression, native, read } from "./support.ts";
import { isFallible } from "../../../../plugin-babel/src/functions/fallible.ts";
import { conjuncts, substituteColumns } from "../../../../plugin-babel/src/functions/rewrite.ts";
import { printExpression } from "../../../../plugin-babel/src/functions/print-expression.ts";
import { captured, helpers } from "./module.ts";

describe("native forms", () => {
  test.each([
    ["d => new Date(Date.UTC(d.t.getUTCFullYear(), d.t.getUTCMonth(), d.t.getUTCDate()))", "Date(Date.UTC(date.getUTCFullYear(t), date.getUTCMonth(t), date.getUTCDate(t)))"],
    ["d => d.t.getUTCMonth() + 1", "date.getUTCMonth(t) + 1"],
    ["d => d.t.getUTCDay() >= 1 && d.t.getUTCDay() <= 5", "date.getUTCDay(t) >= 1 && date.getUTCDay(t) <= 5"],
    ["d => bucket(d.n)", 'n >= 8 && n <= 10 ? "morning" : n >= 11 && n <= 15 ? "midday" : "other"'],
    ["d => (d.n + d.k) * (d.n - (d.k - 1))", "(n + k) * (n - (k - 1))"],
    ["d => (d.m ?? d.n) > 3 && (d.b || d.c)", "(m ?? n) > 3 && (b || c)"],
    ["d => d.q?.trim() ?? 'none'", 'isNull(q) ? "none" : string.trim(q)'],
    ["d => d.n > rate * 60 * 1000", "n > ${rate} * 60 * 1000"],
    ["d => 60 * 60 * d.n", "3600 * n"],
    ["d => `${d.s}-${d.n}`", 'concat(s, "-", n)'],
    ["d => { const x = d.s.trim(); return x + x; }", "let x = string.trim(s) in concat(x, x)"],
    ["d => { const x = d.s.trim(); return x.length; }", "string.length(string.trim(s))"],
    ["d => { if (d.n > 3) return true; return false; }", "n > 3"],
    ["d => !(d.n === 3)", "n !== 3"],
    ["d => -((-d.n) ** 2)", "-((-n) ** 2)"],
    ["d => /^https:/.test(d.s)", 'string.startsWith(s, "https:")'],
    ["d => d.s.replace(/,/g, '')", 'string.replaceAll(s, ",", "")'],
    ["d => d.s.split('-')[0]", 'let place = string.indexOf(s, "-") in place < 0 ? s : string.slice(s, 0, place)'],
    ["d => { for (const w of WORDS) if (w === d.s) return w.length; return 0; }", '"a" === s ? 1 : "b" === s ? 1 : "abc" === s ? 3 : 0'],
    ["d => BANDS.find((b) => d.n < b.max)?.name ?? 'high'", '!(n < 5) && !(n < 20) ? "high" : n < 5 ? "low" : "mid"'],
  ])("%s", (source, form) => expect(native(source, { helpers, captured })).toBe(form));

  test("a filter's predicate is a boolean, whatever the function gives", () => {
    const of = (source: string) => printExpression(expression(source, { environment: { expect: "condition" } }));
    expect(of("d => d.q && d.q.length > 3")).toBe("truthy(q) && string.length(q) > 3");
    expect(of("d => d.m")).toBe("truthy(m)");
    expect(of("d => d.u")).toBe("!isNull(u)");
    expect(of("d => d.s.match(/a/)")).toMatch(/^script/);
  });

  test("names of locals never clash", () => {
    const source = "d => { const x = d.s.trim(); const f = (x) => { const y = x + x; return y + y; }; return f(x) + f(d.s + x) + x; }";
    expect(native(source)).toBe("let x = string.trim(s) in concat((let y = concat(x, x) in concat(y, y)), (let x_2 = concat(s, x) in let y_2 = concat(x_2, x_2) in concat(y_2, y_2)), x)");
  });
});

describe("what runs in V8", () => {
  const script = (source: string, bindings = {}) => {
    const e = expression(source, { helpers, captured, bindings });
    if (e.kind !== "script") throw new Error(`native: ${printExpression(e)}`);
    return e;
  };
  test.each([
    ["d => /^a+/.test(d.s)", "boolean", "regular expressions run in V8"],
    ["d => d.s.split('')[d.k]", "string", "split runs in V8"],
    ["d => { let n = 0; for (const c of d.s) if (c === 'a') n++; return n; }", "number", "a loop of unknown length has no native form"],
    ["(d): string => Intl.NumberFormat('en').format(d.n)", "string", "'Intl' has no native form"],
    ["d => JSON.stringify({ a: d.n })", "string", "this call of JSON.stringify has no native form"],
    ["d => d.s.localeCompare(d.s)", "number", "localeCompare runs in V8"],
    ["d => { const x = new Date(d.t); const y = x; x.setUTCHours(0); return y.getTime(); }", "number", "setUTCHours changes a Date in place: make a new one, new Date(Date.UTC(…))"],
    ["d => { const x = new Date(d.t); const y = ((z) => { z.setUTCHours(0); return 1; })(x); return x.getTime() + y; }", "number", "setUTCHours changes a Date in place: make a new one, new Date(Date.UTC(…))"],
    ["d => `${d.t}`", "string", "a Date as text depends on locale data that only V8 has"],
    ["d => { if (d.n > 3) throw new Error('no'); return d.n; }", "number", "throw has no native form"],
    ["d => { let x = 0; const y = (x = 2) + 1; return x + y; }", "number", "an assignment inside an expression has no native form"],
    ["d => d.s.replace(/a/g, (m) => m.toUpperCase())", "string", "replace with this argument runs in V8"],
    ["d => { let n = d.n; while (n > 10) n /= 2; return n; }", "number", "a loop has no native form"],
  ])("%s: %s", (source, js, reason) => {
    expect(script(source)).toMatchObject({ type: { js, nullable: false }, reason });
  });

  test("returns inside a loop count for the type", () => {
    expect(script("d => { for (const c of d.s) if (c > 'b') return c; return null; }").type).toEqual({ js: "string", nullable: true });
  });

  test("lists of the enclosing function", () => {
    const bindings = { zones: { kind: "list", item: { js: "number", nullable: false }, path: { root: "zones", members: [] } } };
    expect(native("d => zones.includes(d.n)", { bindings } as never)).toBe("in(n, ...${zones})");
    expect(script("d => zones.some((z) => z > d.n)", bindings).reason).toContain("'zones' is a list known only at run time");
  });

  test("recursion and packages", () => {
    const fact = { helpers: "function fact(n: number): number { return n < 2 ? 1 : n * fact(n - 1); }" };
    expect(expression("d => fact(d.n)", fact)).toMatchObject({ kind: "script", reason: "fact calls itself", free: ["fact"] });
    const slug = { kind: "import", module: "slugify", name: "default" };
    expect(script("(d): string => slug(d.s)", { slug })).toMatchObject({ reason: "'slug' comes from slugify, which only V8 can run" });
  });

  test("columns, free names and source without types", () => {
    const found = script("(d: Trip): number => { const words = d.s.split(/ +/) as string[]; return words!.length + (d.n satisfies number) + rate + Math.abs(limit); }");
    expect(found.columns).toEqual(["n", "s"]);
    expect(found.free).toEqual(["rate", "limit"]);
    expect(found.source.replace(/ +/g, " ")).toBe("(d ) => { const words = d.s.split(/ +/) ; return words .length + (d.n ) + rate + Math.abs(limit); }");
    expect(script("({ s, ...others }) => s + Object.keys(others).length").columns).toHaveLength(15);
  });

  test("without a type there is an error that asks for one", () => {
    const result = read("d => Intl.NumberFormat('en').format(d.n)");
    expect("errors" in result && result.errors[0]).toMatchObject({ code: "LS1214", why: ["'Intl' has no native form"], fix: { message: "annotate it with its type, as in (d): number => …" } });
  });
});

describe("rewriting", () => {
  const e = expression("d => d.q !== null && d.q.trim() === 'a' && d.n > 3");
  test("conjuncts", () => {
    expect(conjuncts(e).map(printExpression)).toEqual(["!isNull(q)", 'string.trim(q) === "a"', "n > 3"]);
  });
  test("columns are replaced by expressions, except where a script reads them", () => {
    const half = expression("d => d.k / 2");
    const replaced = substituteColumns(e, (name) => (name === "n" ? half : undefined));
    expect(replaced && printExpression(replaced)).toBe('!isNull(q) && string.trim(q) === "a" && k / 2 > 3');
    const script = expression("d => /a|b/.test(d.s) && d.n > 3");
    expect(substituteColumns(script, (name) => (name === "n" ? half : undefined))).toBeNull();
    expect(substituteColumns(script, (name) => (name === "k" ? half : undefined))).toBe(script);
  });
  test.each([
    ["d => d.n / d.k", false],
    ["d => d.g / 3n", true],
    ["d => d.g + 3n", true],
    ["d => d.s.trim()", false],
    ["d => d.q!.trim()", true],
    ["d => d.q?.trim()", false],
    ["d => d.s.repeat(d.n)", true],
    ["d => d.t.toISOString()", true],
    ["d => BigInt(d.n)", true],
    ["d => /a|b/.test(d.s)", true],
  ])("%s can throw: %s", (source, fallible) => expect(isFallible(expression(source))).toBe(fallible));
});

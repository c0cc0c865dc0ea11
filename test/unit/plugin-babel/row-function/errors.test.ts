import { describe, expect, test } from "vitest";
import { errors, native, read, row, type Setting } from "./support.ts";
import { ourErrors } from "./mistakes.ts";
import { memberOf, pathTo } from "../../../../plugin-babel/src/ir/captured.ts";
import type { Diagnostic } from "../../../../plugin-babel/src/diagnostics/diagnostic.ts";

const place = { file: "job.ts", line: 7, column: 2, endLine: 7, endColumn: 9 };
const setting: Setting = {
  bindings: {
    counter: { kind: "mutated", write: place, declared: place, source: "counter" },
    untyped: { kind: "scalar", type: null, path: pathTo("untyped") },
    trips: { kind: "table", source: "trips" },
    total: { kind: "scalar", type: { js: "number", nullable: false }, path: pathTo("total") },
    state: { kind: "opaque", source: "state" },
    list: { kind: "record", member: (name) => ({ kind: "scalar", type: null, path: memberOf(pathTo("list"), name) }) },
    fetchRate: { kind: "import", module: "./rates", name: "fetchRate" },
  },
};

function only(source: string, given: Setting = setting): Diagnostic {
  const result = read(source, given);
  if (!("errors" in result) || result.errors.length !== 1) throw new Error(`one error expected: ${JSON.stringify(result)}`);
  return result.errors[0]!;
}

/** The source after the first error's fix. */
function fixed(source: string, given: Setting = setting): string {
  const edits = only(source, given).fix!.edits.toSorted((a, b) => b.column - a.column);
  return edits.reduce((text, edit) => text.slice(0, edit.column) + edit.text + text.slice(edit.endColumn), source);
}

describe("what no parallel program can mean", () => {
  test.each(ourErrors)("%s → %s", (source, code) => {
    expect(errors(source, setting).map((e) => e.split(" ")[0])).toEqual([code]);
  });
});

describe("fixes", () => {
  test.each([
    ["d => d.q.trim()", "d => d.q?.trim()"],
    ["d => d.s.trimm()", "d => d.s.trim()"],
    ["d => d.t.getUTCmonth()", "d => d.t.getUTCMonth()"],
    ["d => d.t === d.u", "d => d.t.getTime() === d.u.getTime()"],
    ["d => n * 2", "d => d.n * 2"],
    ["d => totl * 2", "d => totl * 2"],
  ])("%s → %s", (source, after) => {
    expect(fixed(source, source.includes("totl") ? { bindings: { totl: { kind: "unknown", inScope: ["total"] } } } : setting).replace("total", "totl")).toBe(after);
  });

  const trip = { environment: { params: [[{ name: "fare", type: { js: "number", nullable: false } }]] } } as const;
  test("a misspelt column is written right, wherever it stands", () => {
    expect(fixed("d => d.fara", trip)).toBe("d => d.fare");
    expect(fixed("d => d['fara']", trip)).toBe('d => d["fare"]');
    expect(fixed("({ fara }) => fara", trip)).toBe("({ fare: fara }) => fara");
    expect(fixed("({ fara: x }) => x", trip)).toBe("({ fare: x }) => x");
  });

  test("why a column is not there any more", () => {
    const gone = { environment: { ...trip.environment, origin: (name: string) => [`'${name}' was dropped by rollup at line 30`] } };
    expect(only("d => d.miles", gone).why[0]).toBe("'miles' was dropped by rollup at line 30");
  });
});

describe("places", () => {
  test("a mistake inside a helper stands there, and names the call", () => {
    const { locations, message } = only("d => doubled(d)", { helpers: "const twice = (d) => d.amount * 2;\nfunction doubled(d) { return twice(d); }" });
    expect(message).toContain("no column 'amount'");
    expect(locations.map(({ file, line, column, label }) => `${file}:${line}:${column} ${label}`)).toEqual([
      "helpers.ts:1:23 not a column of this table",
      "helpers.ts:2:29 in twice, called here",
      "job.ts:1:5 in doubled, called here",
    ]);
  });

  test("a written capture: the write first, then the declaration", () => {
    expect(only("d => d.n + counter").locations.map((l) => l.label)).toEqual(["written here", "declared outside the annotated function"]);
    expect(only("d => d.n + counter").locations[0]).toMatchObject(place);
  });

  test("all mistakes of a row function at once, each once", () => {
    expect(errors("d => { if (d.b) { if (d.n > 1) return d.fare; } const x = d.q.trim(); return x - d.s; }", setting)).toEqual([
      "LS1101 The table has no column 'fare'",
      "LS1202 'd.q' is possibly null",
      "LS1201 Operator '-' cannot be applied to types 'string' and 'string'",
    ]);
  });

  test("several rows: the second parameter has its own columns", () => {
    const two = { environment: { params: [row, [{ name: "rate", type: { js: "number", nullable: false } }]] } } as const;
    expect(native("(a, b) => a.n * b.rate", two)).toBe("n * other.rate");
    expect(errors("(a, b) => a.rate", two)[0]).toContain("no column 'rate'");
    expect(errors("(a, b) => a.n")[0]).toBe("LS1205 A row function takes the row, not 2 parameters");
  });

  test("something else than a function", () => {
    expect(errors("'fare'")).toEqual(["LS1219 Expected a function of the row, got a text"]);
  });
});

describe("warnings", () => {
  const warnings = (source: string) => {
    const result = read(source);
    return "warnings" in result ? result.warnings.map((w) => `${w.code} ${w.fix?.edits[0]?.text}`) : [];
  };
  test("local time, and comparison with undefined", () => {
    expect(warnings("d => d.t.getHours() + d.t.getTime() + d.t.getTimezoneOffset()")).toEqual(["LS1217 getUTCHours"]);
    expect(warnings("d => d.m === undefined || d.m == null")).toEqual(["LS1218 null"]);
    expect(warnings("d => d.q?.length !== undefined")).toEqual([]);
  });
});

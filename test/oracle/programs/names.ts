import { table } from "@lockstep/runtime";
import type { Tables } from "../data.ts";
import { measurements } from "../open.ts";

const PREFIX = "col";

export async function computedNames(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 30);
  return rows.derive({ [`${PREFIX}_${1}`]: (d) => d["id"] + d.level, [PREFIX]: (d) => `${d.ok}` }).select("id", "col_1", "col").objects();
}

export async function numericNames() {
  "use spmd";
  const rows = table({ 1: [1, 2, 3], "a-b": [3, 4, 5], constructor: [5, 6, 7] });
  return rows.derive({ 2: (d) => d[1] + d["a-b"] + d.constructor, toString: (d) => d[1] }).filter((d) => d.toString > 1).objects();
}

export async function columnsAsked(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 30);
  const asked = (d: { id: number }, name: string): boolean => name in d;
  return rows.derive({ has: (d) => "level" in d, hasNot: (d) => "nothing" in d, asked: (d): boolean => asked(d, d.ok ? "level" : "none") }).select("id", "has", "hasNot", "asked").objects();
}

export async function halfPairs(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 30);
  return rows.derive({ end: (d) => d.label + "\ud83d", whole: (d) => d.label + "\ud83d" + "\ude00", is: (d) => d.label[0] === "\ud83d" }).select("id", "end", "whole", "is").objects();
}

export async function lookedUp(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 60);
  const heights: Record<string, number> = { "st-01": 3, "st-17": 4, "st-20": 5 };
  return rows.derive({ height: (d): number | null => heights[d.station ?? ""] ?? null }).select("id", "height").objects();
}

/** Names and texts that would end a comment of the emitted code. */
export async function lineEnds(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 10).select("id", "label");
  return rows.derive({ "a\nb": (d) => `${d.label}\u2028 b */ // <!--`, 'c"\\': (d) => d.id, "d\u2029e": (d) => d.id + 1 }).groupby("a\nb", "d\u2029e").count().orderby("a\nb", "d\u2029e").objects();
}

export async function hoistedVar(tables: Tables) {
  "use spmd";
  const rows = (await measurements(tables)).slice(0, 30);
  return rows
    .derive({
      var_again: (d): number => {
        var z = 1;
        if (d.ok) {
          var z = 2;
        }
        return z;
      },
      loop: (d) => {
        let sum = 0;
        for (var i = 0; i < 3; i++) sum += i * d.level;
        return sum;
      },
    })
    .select("id", "var_again", "loop")
    .objects();
}

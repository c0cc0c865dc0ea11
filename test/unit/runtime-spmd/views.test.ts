import type { Expression, Node } from "@lockstep/native/plan";
import { expect, it } from "vitest";
import { bigintViews } from "../../../runtime/src/spmd/views.ts";

const site = "";
const column = (name: string, type: "bigint" | "number" = "bigint"): Expression => ({ kind: "column", name, type });
const scan: Node = { op: "scan", dataset: 1, site, columns: [{ name: "id", type: "bigint", nullable: false }, { name: "n", type: "number", nullable: false }] };
const after = (...nodes: Node[]) => Object.keys(bigintViews({ nodes: [scan, ...nodes] }, nodes.length));

it("follows bigint columns through the plan", () => {
  expect(after()).toEqual(["id"]);
  expect(after({ op: "slice", input: 0, start: 0, site })).toEqual(["id"]);
  expect(after({ op: "derive", input: 0, site, columns: [{ name: "id", expression: column("n", "number") }, { name: "big", expression: { kind: "let", name: "x", value: column("n", "number"), body: column("id") } }] })).toEqual(["big"]);
  expect(after({ op: "select", input: 0, site, columns: [{ from: "n", as: "m" }, { from: "id", as: "key" }] })).toEqual(["key"]);
  const pair = (columns: [side: "left" | "right", from: string, as: string][]): Node => ({ op: "join", left: 0, right: 0, type: "inner", on: [], columns: columns.map(([side, from, as]) => ({ side, from, as })), site });
  expect(after(pair([["left", "id", "id_1"], ["right", "n", "n"], ["right", "id", "id_2"]]))).toEqual(["id_1", "id_2"]);
  expect(after(pair([]))).toEqual(["id"]);
  expect(after({
    op: "aggregate", input: 0, site, keys: [{ name: "k", expression: column("id") }],
    aggregates: [{ name: "c", function: "count" }, { name: "top", function: "max", arg: column("id") }, { name: "mean", function: "mean", arg: column("id") }],
  })).toEqual(["k", "top"]);
  expect(after({ op: "concat", inputs: [0, 0], site }, { op: "spool", input: 1, spool: 1, site })).toEqual(["id"]);
});

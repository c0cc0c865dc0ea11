import { deserialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { type Thrown, thrownOf } from "../../../runtime/src/errors/index.ts";
import { fromIpc, toIpc } from "../../../runtime/src/tables/ipc.ts";
import { Column, type Stored } from "../../../runtime/src/tables/column.ts";
import { type ArrowType, bool, float64, int64, string, timestamp } from "../../../runtime/src/tables/arrow-type.ts";
import { scriptRunner } from "../../../runtime/src/spmd/script-batches.ts";

type Row = Record<string, unknown>;

function run(f: (row: Row) => unknown, result: string, columns: Record<string, [ArrowType, Stored[]]>): unknown[] | string {
  const entries = Object.entries(columns).map(([name, [type, values]]) => [name, new Column(type, values.length, values)] as const);
  const answer = scriptRunner([() => expect.unreachable(), f])(1, Buffer.from(toIpc(new Map(entries))), result);
  if (typeof answer === "string") return answer;
  const value = fromIpc(answer).columns.get("value")!;
  const { at } = result === "bigint" ? value.seenAs("bigint") : value;
  return Array.from({ length: value.length }, (_, row) => at(row));
}

describe("a row function over a batch", () => {
  it("sees JavaScript values, null where there is none", () => {
    const seen: Row[] = [];
    run((row) => void seen.push(row), "number", { n: [float64, [1.5, null]], s: [string, ["ß😀", null]], b: [bool, [true, null]], i: [int64, [2n ** 53n + 1n, 3]], t: [timestamp, [-1, null]] });
    expect(seen).toEqual([{ n: 1.5, s: "ß😀", b: true, i: 2n ** 53n + 1n, t: new Date(-1) }, { n: null, s: null, b: null, i: 3n, t: null }]);
  });

  const one: Record<string, [ArrowType, Stored[]]> = { n: [float64, [1, 2, 3]] };
  it.each([
    ["number", [NaN, -0, undefined], [NaN, -0, null]],
    ["string", ["é😀", "", null], ["é😀", "", null]],
    ["boolean", [true, 0, null], [true, false, null]],
    ["bigint", [2n ** 62n, -1n, null], [2n ** 62n, -1n, null]],
    ["date", [new Date(5), new Date(NaN), null], [new Date(5), null, null]],
  ])("gives values of type %s", (type, values, expected) => {
    expect(run((row) => values[(row["n"] as number) - 1], type, one)).toEqual(expected);
  });

  it("tells what was thrown and where", () => {
    const thrown = (answer: unknown): unknown[] => {
      const { message, row } = JSON.parse(answer as string) as { message: string; row: number };
      const error = thrownOf(deserialize(Buffer.from(message, "base64")) as Thrown) as Error;
      return [error.name, error.message, row];
    };
    const fail = (row: Row) => (row["n"] === 3 ? (null as unknown as string).trim() : "a");
    expect(thrown(run(fail, "string", one))).toEqual(["TypeError", "Cannot read properties of null (reading 'trim')", 2]);
    expect(thrown(run(() => "1", "number", one))).toEqual(["LockstepError", "a row function whose values are of the type number gave one of the type string ('1')", 0]);
    expect(thrown(run(() => 2n ** 63n, "bigint", one))).toEqual(["RangeError", "the bigint 9223372036854775808n is out of int64's range", 0]);
  });
});

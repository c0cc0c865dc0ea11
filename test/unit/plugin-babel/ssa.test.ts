import { describe, expect, test } from "vitest";
import { Builder } from "../../../plugin-babel/src/ir/builder.ts";
import { printFunction } from "../../../plugin-babel/src/ir/print.ts";
import { checkIR } from "../../../plugin-babel/src/ir/spec.ts";

const span = { file: "f", line: 1, column: 0, endLine: 1, endColumn: 1 };
const place = { span, frame: 0 };
const define = (b: Builder, op = "slice", inputs: number[] = []) => b.add({ op, span, frame: 0, inputs }).id;
const condition = { source: "c", span };

function finish(b: Builder): string {
  const fn = { id: "f", frames: [], blocks: b.finish() };
  checkIR(fn, "parsed");
  return printFunction(fn).replaceAll(/ @f:[\d:-]+/g, "");
}

describe("SSA construction", () => {
  test("branches that assign meet in a phi; one that does not brings the old value", () => {
    const b = new Builder();
    const t = {};
    b.write(t, define(b), place);
    const [then, otherwise, after] = [b.newBlock(), b.newBlock(), b.newBlock()];
    b.end({ kind: "branch", condition, then: then.id, else: otherwise.id });
    for (const block of [then, otherwise]) {
      b.seal(block.id);
      b.enter(block);
      if (block === then) b.write(t, define(b), place);
      b.goto(after);
    }
    b.seal(after.id);
    b.enter(after);
    b.end({ kind: "return", value: b.read(t) });
    expect(finish(b)).toMatch(/%3 = phi %2 %1[\s\S]*return %3/);
  });

  test("a loop that assigns has a phi at its head, one that only reads has none", () => {
    const loop = (assigns: boolean) => {
      const b = new Builder();
      const t = {};
      b.write(t, define(b), place);
      const [header, body, after] = [b.newBlock(), b.newBlock(), b.newBlock()];
      b.goto(header);
      b.enter(header);
      b.end({ kind: "branch", condition, then: body.id, else: after.id });
      b.seal(body.id);
      b.enter(body);
      const next = define(b, "filter", [b.read(t)!]);
      if (assigns) b.write(t, next, place);
      b.goto(header);
      b.seal(header.id);
      b.seal(after.id);
      b.enter(after);
      b.end({ kind: "return", value: b.read(t) });
      return finish(b);
    };
    expect(loop(true)).toMatch(/%2 = phi %1 %3[\s\S]*%3 = filter %2[\s\S]*return %2/);
    expect(loop(false)).not.toContain("phi");
    expect(loop(false)).toMatch(/filter %1[\s\S]*return %1/);
  });

  test("a handler sees the value before and after an assignment in the try", () => {
    const b = new Builder();
    const t = {};
    b.write(t, define(b), place);
    const [handler, after] = [b.newBlock(), b.newBlock()];
    b.handler = handler.id;
    const body = b.newBlock();
    b.goto(body);
    b.seal(body.id);
    b.enter(body);
    b.write(t, define(b), place);
    b.handler = null;
    b.goto(after);
    b.seal(handler.id);
    b.enter(handler);
    b.end({ kind: "return", value: b.read(t) });
    b.seal(after.id);
    b.enter(after);
    b.end({ kind: "return", value: b.read(t) });
    const text = finish(b);
    expect(text).toMatch(/phi %1 %2/);
    expect(text).toContain("return %2");
  });

  test("a variable without a table on any path reads as none", () => {
    const b = new Builder();
    expect(b.read({})).toBeNull();
  });
});

import { expect, it } from "vitest";
import { copy } from "@lockstep/runtime/spmd";

it("plain data is copied all the way down", () => {
  const inner = { at: new Date(5), bytes: Buffer.from("ab"), list: [1, , 3] };
  const given = { map: new Map([[inner, [inner]]]), set: new Set([inner]), bare: Object.assign(Object.create(null), { inner }) };
  const copied = copy(given);
  expect(copied).toEqual(given);
  inner.at.setTime(6);
  inner.bytes[0] = 0;
  inner.list.push(4);
  given.set.clear();
  const [key, [value]] = [...copied.map][0]!;
  expect(key).toEqual({ at: new Date(5), bytes: Buffer.from("ab"), list: [1, , 3] });
  expect(value).toBe(key);
  expect(copied.set.has(key)).toBe(true);
  expect(copied.bare.inner).toBe(key);
  expect(key.bytes.toString("latin1")).toBe("ab");
});

it("what has a cycle ends", () => {
  const ring: { self?: unknown } = {};
  ring.self = ring;
  const copied = copy({ ring });
  expect(copied.ring).not.toBe(ring);
  expect(copied.ring.self).toBe(copied.ring);
});

it("instances and functions are what they are, and what exec found keeps its members", () => {
  const url = new URL("a:b");
  const f = () => 1;
  const found = /(?<y>\d+)/.exec("a12")!;
  const copied = copy({ url, f, found });
  expect(copied).toEqual({ url, f, found });
  expect(copied.url).toBe(url);
  expect(copied.found.groups).toEqual({ y: "12" });
});

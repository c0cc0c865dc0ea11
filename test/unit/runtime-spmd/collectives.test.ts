/** What the oracle's programs cannot show: what ranks bring that do not fit, and what collectives say of it. */
import { afterEach, expect, it } from "vitest";
import { LockstepError } from "../../../runtime/src/errors/index.ts";
import * as collectives from "../../../runtime/src/spmd/collectives.ts";
import { type Meeting, stand } from "../../../runtime/src/spmd/rank.ts";
import { identity, sliceOf, whole } from "../../../runtime/src/spmd/reductions.ts";

const { allgather, allreduce, alltoall, alltoallv, bcast, exscan, scan, scatter } = collectives;

afterEach(() => stand(null));

/** Rank 0 of two, whose other brings `other` to a reduction. */
function beside(other: { is: string; value: unknown }): void {
  const meeting: Meeting = {
    barrier: async () => undefined,
    broadcast: async (value) => value,
    allgather: async (value) => [value, other],
    alltoall: async (values) => {
      if (values instanceof LockstepError) throw values;
      return new Map([[0, values.get(0)], [1, other]]);
    },
  };
  stand({ rank: 0, size: 2, meeting: () => meeting });
}

it("ranks that bring different things are told which", async () => {
  beside({ is: "bigint by sum", value: 1n });
  await expect(allreduce(1)).rejects.toMatchObject({ code: "LS2024", message: expect.stringContaining("allreduce: rank 0 brings number by sum, rank 1 bigint by sum") });
  beside({ is: "a Float64Array of 3 by max", value: new Float64Array(3) });
  await expect(scan(new Float64Array(2), "max")).rejects.toMatchObject({ message: expect.stringContaining("rank 0 brings a Float64Array of 2 by max, rank 1 a Float64Array of 3 by max") });
});

it("arrays of two types are no one array", async () => {
  const meeting = { barrier: async () => undefined, broadcast: async (value: unknown) => value, allgather: async () => [], alltoall: async () => new Map<number, unknown>([[0, Float64Array.of(1)], [1, Float32Array.of(2)]]) };
  stand({ rank: 0, size: 2, meeting: () => meeting });
  await expect(alltoallv(Float64Array.of(1, 2), [1, 1])).rejects.toThrow("alltoallv: rank 0 brings a Float64Array, rank 1 a Float32Array");
});

it("lists have one value a rank", async () => {
  beside({ is: "", value: 0 });
  await expect(alltoall([1])).rejects.toMatchObject({ code: "LS2024", message: expect.stringContaining("alltoall: 1 values for 2 ranks") });
  await expect(scatter([1, 2, 3])).rejects.toThrow("scatter: 3 values for 2 ranks");
  await expect(scatter(new Set([1]) as never)).rejects.toThrow("a list of one value a rank, not Set");
  await expect(alltoallv(new Float64Array(3), [1, 1])).rejects.toThrow("the counts are 1, 1, of an array of 3");
  await expect(alltoallv(new Float64Array(0), [1, -1])).rejects.toThrow("the counts are 1, -1");
  await expect(alltoallv([1, 2] as never, [1, 1])).rejects.toThrow("typed array, not Array");
});

it("one rank is told the same", async () => {
  await expect(bcast(1, 1)).rejects.toMatchObject({ code: "LS2024", message: expect.stringContaining("bcast: there is no rank 1 among 1") });
  await expect(bcast(1, 0.5)).rejects.toThrow("no rank 0.5");
  await expect(allreduce("x" as never)).rejects.toThrow("sum is of numbers, bigints and typed arrays, not of string");
  await expect(allreduce(1, "mean" as never)).rejects.toThrow('it combines by "sum"');
  await expect(exscan(1n, "min" as never)).rejects.toThrow("a bigint has no greatest value");
});

it("what is given is not written to", async () => {
  const [own, other] = [Float64Array.of(1, 2), Float64Array.of(10, 20)];
  beside({ is: "a Float64Array of 2 by sum", value: other });
  expect(await allreduce(own)).toEqual(Float64Array.of(11, 22));
  expect([own, other]).toEqual([Float64Array.of(1, 2), Float64Array.of(10, 20)]);
});

it("rank 0 gets of exscan what changes nothing", () => {
  const types = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array];
  for (const Type of types) {
    const like = new Type(1);
    const [least, most] = [(identity(like, "max") as Float64Array)[0]!, (identity(like, "min") as Float64Array)[0]!];
    for (const limit of [least, most]) {
      // One step beyond it is another value.
      const beyond = limit === most ? (typeof limit === "bigint" ? limit + 1n : limit + 1) : typeof limit === "bigint" ? limit - 1n : limit - 1;
      like[0] = beyond as never;
      expect(Number.isFinite(limit) || typeof limit === "bigint" ? like[0] !== beyond : like[0] === limit, `${Type.name} ${limit}`).toBe(true);
    }
  }
});

it("what is given is never what comes back, on one rank either", async () => {
  const list = [1];
  expect(await allreduce(list, (a, b) => [...a, ...b])).not.toBe(list);
  const numbers = Float64Array.of(1, 2);
  for (const made of [await allreduce(numbers), await scan(numbers), (await allgather(numbers))[0], (await alltoall([numbers]))[0], await bcast(numbers), (await alltoallv(numbers, [2])).values]) {
    expect(made).toEqual(numbers);
    expect(made).not.toBe(numbers);
  }
  await expect(bcast({ call: () => 1 })).rejects.toMatchObject({ code: "LS2015", message: expect.stringContaining("call is the function call, which cannot be sent") });
});

it("combining functions may write to what they are given", async () => {
  const meeting = (all: readonly unknown[]): Meeting => ({ barrier: async () => undefined, broadcast: async (value) => value, allgather: async () => all, alltoall: async () => new Map() });
  const push = (a: number[], b: number[]) => (a.push(...b), a);
  stand({ rank: 1, size: 3, meeting: () => meeting([[0], [1], [2]]) });
  expect([await scan([1], push), await exscan([1], push), await allreduce([1], push)]).toEqual([[0, 1], [0], [0, 1, 2]]);
});

it("a Buffer is the array of bytes that it is", async () => {
  const bytes = Buffer.from([1, 2, 3]);
  expect(await exscan(bytes)).toEqual(Uint8Array.of(0, 0, 0));
  expect(await allreduce(bytes)).toEqual(Uint8Array.of(1, 2, 3));
  expect([...bytes]).toEqual([1, 2, 3]);
});

it("slices make the whole again", () => {
  const values = Int16Array.from({ length: 23 }, (_, n) => n);
  for (const parts of [1, 2, 3, 7, 40]) expect(whole(Array.from({ length: parts }, (_, part) => sliceOf(values, part, parts)))).toEqual(values);
});

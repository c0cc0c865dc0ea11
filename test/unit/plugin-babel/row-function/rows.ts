/** Random rows of the tests' table. */
import fc from "fast-check";

const finite = fc.oneof(fc.integer({ min: -20, max: 60 }), fc.double({ noDefaultInfinity: true, min: -1e6, max: 1e6 }), fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 2 ** 53, 0.1));
// Names of Object.prototype are left out: constant tables are looked up as if they had no prototype.
const text = fc.oneof(fc.constantFrom("", "a", "b", "abc", " x ", "10", "-3.5", "é", "😀z", "ÄÖ", "2024-02-29T12:00:00.000Z", "a-b-c"), fc.string({ maxLength: 8 }).filter((s) => !(s in {})));
const date = fc.date({ min: new Date("1901-01-01"), max: new Date("2099-12-31"), noInvalidDate: true });
const orNull = <T>(of: fc.Arbitrary<T>) => fc.oneof({ weight: 2, arbitrary: of as fc.Arbitrary<T | null> }, { weight: 1, arbitrary: fc.constant(null) });

export const rows = fc.record({
  n: finite, m: orNull(finite), k: fc.integer({ min: 0, max: 30 }),
  s: text, q: orNull(text),
  b: fc.boolean(), c: orNull(fc.boolean()),
  t: date, u: orNull(date),
  g: fc.bigInt({ min: -(2n ** 40n), max: 2n ** 40n }), h: orNull(fc.bigInt({ min: -9n, max: 9n })),
  l: orNull(fc.array(text, { maxLength: 4 })), w: fc.array(orNull(finite), { maxLength: 4 }),
  o: fc.record({ x: finite, s: orNull(text) }),
  p: orNull(fc.record({ at: orNull(fc.record({ y: orNull(finite), t: date })), l: fc.array(text, { maxLength: 2 }) })),
});

/** Quantities as people read them. */

export function bytes(count: number): string {
  const [size, unit] = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]].find(([s]) => count >= (s as number)) ?? [1, "B"];
  const value = count / (size as number);
  return `${value >= 100 || unit === "B" ? Math.round(value) : value.toPrecision(3)} ${unit}`;
}

export function milliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toPrecision(3)} s`;
  return ms >= 1 ? `${ms.toPrecision(3)} ms` : `${Math.round(ms * 1000)} µs`;
}

export const count = (value: number): string => value.toLocaleString("en");

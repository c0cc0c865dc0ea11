const prefixes = ["", "k", "M", "G", "T"];

/** `1.20 GB` */
export function bytes(count: number): string {
  const unit = unitOf(count);
  return `${unit === 0 ? Math.round(count) : (count / 1000 ** unit).toPrecision(3)} ${prefixes[unit]}B`;
}

/** `9.1 of 20.0 M rows`, both in the unit of the whole. */
export function ofWhole(part: number, whole: number, what: "rows" | "B"): string {
  const unit = unitOf(whole);
  const digits = (count: number): string => (unit === 0 ? `${Math.round(count)}` : (count / 1000 ** unit).toFixed(1));
  return `${digits(part)} of ${digits(whole)} ${prefixes[unit]}${unit > 0 && what === "rows" ? " " : ""}${what}`;
}

/** The power of 1000, by what three digits of it show: 999,600 are 1.00 M. */
function unitOf(count: number): number {
  const rounded = Number(count.toPrecision(3));
  return prefixes.findLastIndex((_, unit) => unit === 0 || rounded >= 1000 ** unit);
}

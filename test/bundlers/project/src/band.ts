/** The price band of an amount. */
export function band(amount: number): string {
  if (amount >= 80) return "high";
  return amount >= 40 ? "middle" : "low";
}

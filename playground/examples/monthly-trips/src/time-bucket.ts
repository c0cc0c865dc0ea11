/** The part of the day an hour (0–23) falls into. */
export function timeBucket(hour: number): string {
  if (hour >= 8 && hour <= 10) return "morning";
  if (hour >= 11 && hour <= 15) return "midday";
  if (hour >= 16 && hour <= 18) return "afternoon";
  if (hour >= 19 && hour <= 21) return "evening";
  return "other";
}

/** One sentence for the person, e.g. that the link was copied; read out by screen readers. */
import { signal } from "@preact/signals";

export const notice = signal<{ readonly text: string; readonly kind: "done" | "problem" } | null>(null);

export function tell(text: string, kind: "done" | "problem" = "done"): void {
  notice.value = { text, kind };
}

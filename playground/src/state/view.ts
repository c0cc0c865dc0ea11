import { signal } from "@preact/signals";

/** The tab that is open. */
export const openView = signal("output");

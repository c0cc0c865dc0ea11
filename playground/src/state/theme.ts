/** Dark or light: the person's choice, else the system's. */
import { computed, effect, signal } from "@preact/signals";
import { keep, kept } from "./storage.ts";

export type Theme = "light" | "dark";

const KEY = "lockstep-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const systemTheme = signal<Theme>(system.matches ? "dark" : "light");
system.addEventListener("change", ({ matches }) => void (systemTheme.value = matches ? "dark" : "light"));

const stored = kept("localStorage", KEY);
const chosen = signal<Theme | null>(stored === "light" || stored === "dark" ? stored : null);

export const theme = computed<Theme>(() => chosen.value ?? systemTheme.value);

export function toggleTheme(): void {
  chosen.value = theme.value === "dark" ? "light" : "dark";
  keep("localStorage", KEY, chosen.value);
}

effect(() => void (document.documentElement.dataset.theme = theme.value));

/**
 * Light or dark: as the system has it, or as chosen.
 *
 * @module
 */

import { signal } from "@preact/signals";

const STORED_AS = "unimem-theme";
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = typeof THEMES[number];

export const theme = signal<Theme>(THEMES.find((name) => name === localStorage.getItem(STORED_AS)) ?? "system");

export function chooseTheme(wanted: Theme): void {
  localStorage.setItem(STORED_AS, wanted);
  theme.value = wanted;
  applyTheme();
}

export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.value;
}

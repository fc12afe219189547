/**
 * Light or dark: as the system has it, or as chosen.
 *
 * @module
 */

const STORED_AS = "unimem-theme";
const THEMES = ["system", "light", "dark"];
const LABELS = { system: ["◐", "as the system has them"], light: ["☀", "light"], dark: ["☾", "dark"] };

/** Makes the button go through the themes, and remembers the choice. */
export function initTheme(button) {
  let theme = localStorage.getItem(STORED_AS) ?? "system";
  if (!THEMES.includes(theme)) theme = "system";
  const show = () => {
    document.documentElement.dataset.theme = theme;
    const [sign, label] = LABELS[theme];
    button.textContent = sign;
    button.setAttribute("aria-label", `Colours: ${label}`);
    button.title = `Colours: ${label}`;
  };
  button.addEventListener("click", () => {
    theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    localStorage.setItem(STORED_AS, theme);
    show();
  });
  show();
}

/**
 * The two ways in which a reader does something on a page: with the mouse alone, and with the keyboard alone.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { find, type Page, type Target } from "./browser.ts";
import { inBrowser, type Served } from "./served.ts";

/** A way to work with a page. */
export interface Hand {
  isMouse: boolean;
  /** Presses what is there: a button, a link, a box to tick; a field gets the focus. */
  press(what: Target): Promise<void>;
  /** Chooses a value in a list of choices. */
  choose(what: Target, value: string): Promise<void>;
}

/** Most presses of an arrow key on the way to a choice. */
const MOST_CHOICES = 60;

/** Types of fields that one types into. */
const TYPED = new Set(["text", "search", "number", "password", "textarea", "date"]);

/** Both hands, by what tests add to their names. */
export const HANDS: Readonly<Record<string, (page: Page) => Hand>> = { "by mouse": mouse, "by keyboard": keyboard };

function mouse(page: Page): Hand {
  return {
    isMouse: true,
    press: (what) => page.click(what),
    // The list itself is drawn by the system, where no test can click.
    choose: async (what, value) => {
      await page.until(find(what));
      await page.run(`(() => {
        const select = ${find(what)};
        select.value = ${JSON.stringify(value)};
        select.dispatchEvent(new Event("change", { bubbles: true }));
      })()`);
    },
  };
}

function keyboard(page: Page): Hand {
  return {
    isMouse: false,
    press: async (what) => {
      await page.tabTo(what);
      const kind = await page.run<string>("document.activeElement.type ?? document.activeElement.localName");
      // In a field Enter would send its form, and the focus is all that a click gives.
      if (!TYPED.has(kind)) await page.press(kind === "checkbox" ? "Space" : "Enter");
    },
    choose: async (what, value) => {
      await page.tabTo(what);
      for (const key of ["ArrowUp", "ArrowDown"] as const) {
        for (let i = 0; i < MOST_CHOICES; i++) {
          // By where the focus is: another language gives the list another name.
          const before = await page.run<string>("document.activeElement.value");
          if (before === value) return;
          await page.press(key);
          if (await page.run<string>("document.activeElement.value") === before) break;
        }
      }
      throw new Error(`Cannot choose ${value} by the arrow keys`);
    },
  };
}

/** Runs what a reader does once with each hand, on a store of its own; the page must have nothing to complain of. */
export function flow(name: string, run: (served: Served, press: Hand["press"], hand: Hand) => Promise<void>): void {
  for (const [by, handOf] of Object.entries(HANDS)) {
    inBrowser(`${name}, ${by}`, async (served) => {
      const hand = handOf(served.page);
      await run(served, hand.press, hand);
      assertEquals(served.page.faults, []);
    });
  }
}

export const inDialog = (name: string | RegExp): Target => ({ name, within: "dialog" });
export const inMain = (name: string | RegExp): Target => ({ name, within: "main" });
export const noticed = (text: string): string =>
  `document.querySelector("#notices").textContent.includes(${JSON.stringify(text)})`;
export const undo: Target = { name: "Undo", within: "#notices" };
export const closed = `document.querySelector("dialog") === null`;
export const opened = `document.querySelector("dialog") !== null`;
/** Something on the page says this. */
export const says = (text: string, where = "main"): string =>
  `document.querySelector(${JSON.stringify(where)})?.textContent.includes(${JSON.stringify(text)})`;
/** A list of cards has so many. */
export const cards = (count: number): string => `document.querySelectorAll("main .documents > li").length === ${count}`;

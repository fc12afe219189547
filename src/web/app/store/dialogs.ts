/**
 * The dialog on the screen. One at a time; it stays open, with what was typed, until its work succeeded or it is left.
 *
 * @module
 */

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";

export interface Dialog {
  title: string;
  body: () => ComponentChildren;
  action: string;
  danger?: boolean;
  wide?: boolean;
  /** Runs when the form is sent; the dialog shows what it throws and stays open. */
  submit: () => void | Promise<void>;
}

interface Open extends Dialog {
  /** Tells it from one that came before it. */
  id: number;
  done: (sent: boolean) => void;
}

let last = 0;

export const dialog = signal<Open | null>(null);

/** Shows a dialog: resolves with true once its work is done, with false when it was left. */
export function ask(spec: Dialog): Promise<boolean> {
  dialog.value?.done(false);
  return new Promise((resolve) => {
    const done = (sent: boolean) => {
      dialog.value = null;
      resolve(sent);
    };
    dialog.value = { ...spec, id: ++last, done };
  });
}

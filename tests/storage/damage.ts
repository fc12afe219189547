/**
 * Damages database files: overwrites whole pages of a chosen table or index.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";

/** A page and what it belongs to. */
export interface Page {
  number: number;
  /** Table or index. */
  name: string;
  kind: "leaf" | "internal" | "overflow";
}

/** The pages in use of a file whose log is empty. */
export function pagesOf(path: string): Page[] {
  const database = new DatabaseSync(path);
  try {
    return database.prepare("SELECT pageno AS number, name, pagetype AS kind FROM dbstat ORDER BY pageno").all()
      .map(({ number, name, kind }) => ({ number: Number(number), name: String(name), kind: kind as Page["kind"] }));
  } finally {
    database.close();
  }
}

/** What pages are overwritten with: other bytes each time would hide a fault of one kind of bytes. */
export const FILLINGS: Record<string, (bytes: Uint8Array<ArrayBuffer>) => void> = {
  noise: (bytes) => void crypto.getRandomValues(bytes),
  zeros: (bytes) => void bytes.fill(0),
  ones: (bytes) => void bytes.fill(0xff),
  text: (bytes) => void bytes.fill(0x5a),
};

/** Overwrites pages of 4096 bytes. */
export function overwrite(path: string, pages: readonly number[], fill = FILLINGS.noise!): void {
  using file = Deno.openSync(path, { write: true });
  for (const page of pages) {
    const bytes = new Uint8Array(4096);
    fill(bytes);
    file.seekSync((page - 1) * 4096, Deno.SeekMode.Start);
    file.writeSync(bytes);
  }
}

/** Columns of the rows that lie in a leaf page, read before it is overwritten. */
export function rowsIn(path: string, page: number, sql: string): string[] {
  const copy = `${path}.without`;
  Deno.copyFileSync(path, copy);
  overwrite(copy, [page]);
  const [whole, rest] = [new DatabaseSync(path), new DatabaseSync(copy)];
  try {
    const all = whole.prepare(sql.replace("WHERE id = ?", "")).all();
    const one = rest.prepare(sql);
    const isThere = (id: unknown) => {
      try {
        return one.get(Number(id)) !== undefined;
      } catch {
        return false;
      }
    };
    return all.filter(({ id }) => !isThere(id)).map(({ value }) => String(value));
  } finally {
    whole.close();
    rest.close();
    Deno.removeSync(copy);
  }
}

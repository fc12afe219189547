/**
 * How a page looks, coarsely enough that the fonts of another machine don't matter: the mean brightness of each block of
 * pixels, kept as a small grey picture.
 *
 * pixelmatch and odiff compare pixel by pixel, which holds only where fonts and their rendering are the same.
 *
 * @module
 */

import type { Page } from "./browser.ts";

/** Pixels of a block's side, and blocks around one that are averaged with it before two looks are compared. */
const BLOCK = 16, AROUND = 2;
/** Difference in brightness, of 255, from which on a place looks different. */
const DIFFERENT = 12;

/** Brightness of the blocks, row by row. */
export interface Look {
  width: number;
  height: number;
  values: number[];
}

/** What reads a picture in the browser, which has everything that is needed for it. */
const READ = `const read = async (base64) => {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  return context.getImageData(0, 0, bitmap.width, bitmap.height);
}`;

/** How the page looks now. */
export async function lookOf(page: Page): Promise<Look> {
  const picture = await page.picture();
  return await page.run(`(async () => {
    ${READ};
    const { data, width: pixels, height: lines } = await read(${JSON.stringify(picture)});
    const width = Math.floor(pixels / ${BLOCK}), height = Math.floor(lines / ${BLOCK}), values = [];
    for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) {
      let sum = 0;
      for (let y = row * ${BLOCK}; y < (row + 1) * ${BLOCK}; y++) for (let x = column * ${BLOCK}; x < (column + 1) * ${BLOCK}; x++) {
        const at = 4 * (y * pixels + x);
        sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
      }
      values.push(Math.round(sum / ${BLOCK * BLOCK}));
    }
    return { width, height, values };
  })()`);
}

/** Reads a look that was kept. */
export async function readLook(page: Page, path: URL): Promise<Look> {
  const bytes = await Deno.readFile(path), base64 = btoa(String.fromCharCode(...bytes));
  return await page.run(`(async () => {
    ${READ};
    const { data, width, height } = await read(${JSON.stringify(base64)});
    return { width, height, values: Array.from({ length: width * height }, (_, i) => data[4 * i]) };
  })()`);
}

/** Keeps a look as a grey picture. */
export async function keepLook(page: Page, path: URL, { width, height, values }: Look): Promise<void> {
  const base64 = await page.run<string>(`(async () => {
    const image = new ImageData(${width}, ${height});
    ${JSON.stringify(values)}.forEach((value, i) => image.data.set([value, value, value, 255], 4 * i));
    const canvas = new OffscreenCanvas(${width}, ${height});
    canvas.getContext("2d").putImageData(image, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  })()`);
  await Deno.writeFile(path, Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}

/** Share of the places that look different, 0 to 1; 1 for looks of different sizes. */
export function difference(a: Look, b: Look): number {
  if (a.width !== b.width || a.height !== b.height) return 1;
  const [left, right] = [smoothed(a), smoothed(b)];
  return left.filter((value, i) => Math.abs(value - right[i]!) > DIFFERENT).length / left.length;
}

/** Each block as the mean of those around it: lines break elsewhere in another font. */
function smoothed({ width, height, values }: Look): number[] {
  return values.map((_, i) => {
    const row = Math.floor(i / width), column = i % width;
    let sum = 0, count = 0;
    for (let y = Math.max(0, row - AROUND); y <= Math.min(height - 1, row + AROUND); y++) {
      for (let x = Math.max(0, column - AROUND); x <= Math.min(width - 1, column + AROUND); x++, count++) {
        sum += values[y * width + x]!;
      }
    }
    return sum / count;
  });
}

/**
 * Points on a canvas: ten thousand of them are drawn within a frame, which elements would not be.
 *
 * @module
 */

/** Where something lies; most are between −1 and 1. */
export interface Point {
  x: number;
  y: number;
}

/** What is in the middle, and how near it is. */
export interface View extends Point {
  zoom: number;
}

/** Pixels around a point that belong to it. */
const REACH = 12;
/** Part of the canvas that the points take at zoom 1. */
const FILL = 0.9;

/** Draws the points; colours are those of the style sheet. */
export function draw(
  canvas: HTMLCanvasElement,
  points: readonly (Point & { colour: number | null })[],
  view: View,
): void {
  const { clientWidth: width, clientHeight: height } = canvas, ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const context = canvas.getContext("2d")!;
  context.scale(ratio, ratio);
  const colours = Array.from({ length: 8 }, (_, index) => colourOf(canvas, `--colour-${index}`));
  const other = colourOf(canvas, "--muted");
  const size = points.length > 3000 ? 2 : points.length > 500 ? 3 : 4.5;
  context.globalAlpha = 0.75;
  for (const point of points) {
    const [x, y] = onScreen(point, view, width, height);
    if (x < -size || y < -size || x > width + size || y > height + size) continue;
    context.fillStyle = point.colour === null ? other : colours[point.colour]!;
    context.beginPath();
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fill();
  }
}

/** A colour of the style sheet as it is in the theme of the moment, which a canvas can't find out by itself. */
function colourOf(canvas: HTMLCanvasElement, name: string): string {
  canvas.style.setProperty("color", `var(${name})`);
  return getComputedStyle(canvas).color;
}

/** The point nearest to a place on the canvas, if one is near. */
export function nearest<P extends Point>(
  canvas: HTMLCanvasElement,
  points: readonly P[],
  view: View,
  x: number,
  y: number,
): P | null {
  let best: P | null = null, reach = REACH;
  for (const point of points) {
    const [atX, atY] = onScreen(point, view, canvas.clientWidth, canvas.clientHeight),
      far = Math.hypot(atX - x, atY - y);
    if (far < reach) [best, reach] = [point, far];
  }
  return best;
}

function onScreen({ x, y }: Point, view: View, width: number, height: number): [number, number] {
  const scale = Math.min(width, height) / 2 * FILL * view.zoom;
  return [width / 2 + (x - view.x) * scale, height / 2 - (y - view.y) * scale];
}

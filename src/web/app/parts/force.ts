/**
 * Places for the parts of a graph, by forces: what is linked draws together, everything else pushes apart.
 *
 * @module
 */

import { forceCenter, forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from "d3-force";

/** Where a part is. */
export interface Placed {
  x: number;
  y: number;
}

/** Steps until nothing moves any more; they are taken at once, so that the picture stands still. */
const STEPS = 200;
const MARGIN = 20;

/** The place of each node within a picture. The same graph has the same picture each time. */
export function layOut(
  names: readonly string[],
  links: readonly { source: string; target: string }[],
  width: number,
  height: number,
): Map<string, Placed> {
  const nodes = names.map((name) => ({ name, x: 0, y: 0 }));
  nodes.forEach((node, index) => {
    node.x = width / 2 + Math.cos(index) * 10 * Math.sqrt(index);
    node.y = height / 2 + Math.sin(index) * 10 * Math.sqrt(index);
  });
  const edges = links.map(({ source, target }) => ({ source, target }));
  forceSimulation(nodes)
    .force("link", forceLink(edges).id((node: { name: string }) => node.name).distance(90))
    .force("apart", forceManyBody().strength(-220))
    .force("touch", forceCollide(16))
    .force("middle", forceCenter(width / 2, height / 2))
    .force("x", forceX(width / 2).strength(0.04))
    .force("y", forceY(height / 2).strength(0.07))
    .stop()
    .tick(STEPS);
  const inside = (value: number, most: number) => Math.min(most - MARGIN, Math.max(MARGIN, value));
  return new Map(nodes.map(({ name, x, y }) => [name, { x: inside(x, width), y: inside(y, height) }]));
}

/**
 * The dashboard's files as they are served: no build step, no framework, nothing from outside.
 *
 * @module
 */

import api from "./api.js" with { type: "text" };
import app from "./app.js" with { type: "text" };
import card from "./card.js" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import editor from "./editor.js" with { type: "text" };
import fold from "./fold.js" with { type: "text" };
import index from "./index.html" with { type: "text" };
import list from "./list.js" with { type: "text" };
import live from "./live.js" with { type: "text" };
import notices from "./notices.js" with { type: "text" };
import sidebar from "./sidebar.js" with { type: "text" };
import style from "./style.css" with { type: "text" };
import tagField from "./tag_field.js" with { type: "text" };
import theme from "./theme.js" with { type: "text" };

const script = (text: string): [type: string, text: string] => ["text/javascript", text];

/** Files by path: type and text. */
export const DASHBOARD: Record<string, [type: string, text: string]> = {
  "/": ["text/html", index],
  "/web/style.css": ["text/css", style],
  "/web/api.js": script(api),
  "/web/app.js": script(app),
  "/web/card.js": script(card),
  "/web/dom.js": script(dom),
  "/web/editor.js": script(editor),
  "/web/fold.js": script(fold),
  "/web/list.js": script(list),
  "/web/live.js": script(live),
  "/web/notices.js": script(notices),
  "/web/sidebar.js": script(sidebar),
  "/web/tag_field.js": script(tagField),
  "/web/theme.js": script(theme),
};

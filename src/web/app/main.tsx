/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
/**
 * The dashboard: puts the page up and begins to follow the service.
 *
 * @module
 */

import { render } from "preact";
import { askKey } from "./parts/key_dialog.tsx";
import { onKeyNeeded } from "./api.ts";
import { followLive } from "./live.ts";
import { startRouter } from "./router.ts";
import { routeOf } from "./routes.tsx";
import { Shell } from "./shell.tsx";
import { watchHealth } from "./store/service.ts";
import { applyTheme } from "./store/theme.ts";

applyTheme();
onKeyNeeded(askKey);
startRouter((path) => routeOf(path) !== undefined);
render(<Shell />, document.getElementById("app")!);
watchHealth();
followLive();

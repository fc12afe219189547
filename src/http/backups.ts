/**
 * `/api/backups`: for those who may do everything in all spaces.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import {
  BackupCheckOutput,
  backupList,
  BackupsOutput,
  BackupView,
  checkBackup,
  makeBackup,
  openBackup,
} from "../operations/backup/manage.ts";
import { addEndpoint, documented, type RestApp, type RouteSettings } from "./endpoint.ts";

const MEDIA_TYPE = "application/octet-stream";
const View = BackupView.openapi("Backup");

/** Adds the routes. */
export function addBackups(app: RestApp, settings: RouteSettings): void {
  addEndpoint(app, settings, {
    method: "get",
    path: "/api/backups",
    operationId: "listBackups",
    tag: "manage",
    summary: "List the backups, newest first",
    answer: BackupsOutput.extend({ backups: z.array(View) }).openapi("Backups"),
    answers: "The backups in the folder of MCP_MEMORY_BACKUPS_PATH, and when the next ones are made.",
    problems: [503],
    infallible: true,
  }, (_input, runtime) => backupList(runtime));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/backups",
    operationId: "makeBackup",
    tag: "manage",
    summary: "Make a backup of everything",
    description:
      "Of all spaces, the trash and the vectors, while the store is in use. It is checked before it gets its " +
      "name; no other is deleted. One is made at a time.",
    answer: View,
    answers: "The backup.",
    problems: [409, 503],
    infallible: true,
  }, ({ signal }, runtime) => makeBackup(runtime, signal));

  addEndpoint(app, settings, {
    method: "post",
    path: "/api/backups/{backup}/verify",
    operationId: "verifyBackup",
    tag: "manage",
    summary: "Read all of a backup and say whether it can be restored",
    answer: BackupCheckOutput.openapi("BackupCheck"),
    answers: "Whether it is sound; `sound: false` says what is wrong.",
    problems: [404, 503],
    infallible: true,
  }, ({ path, signal }, runtime) => checkBackup(runtime, path("backup"), signal));

  app.openAPIRegistry.registerPath(documented({
    method: "get",
    path: "/api/backups/{backup}",
    operationId: "downloadBackup",
    tag: "manage",
    summary: "Download a backup",
    description: "`unimem restore FILE` takes it.",
    answer: z.string(),
    answerType: MEDIA_TYPE,
    answers: "The file.",
    problems: [404, 503],
    infallible: true,
  }));
  app.get("/api/backups/:backup", async (context) => {
    const name = context.req.param("backup"), file = await openBackup(context.get("runtime"), name);
    const headers = {
      "Content-Type": MEDIA_TYPE,
      "Content-Length": String((await file.stat()).size),
      "Cache-Control": "no-store",
      "Content-Disposition": `attachment; filename="${name}"`,
    };
    if (context.req.raw.method === "HEAD") {
      file.close();
      return new Response(null, { headers });
    }
    return new Response(file.readable, { headers });
  });
}

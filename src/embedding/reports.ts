/**
 * Keeps ONNX Runtime from reporting on its use.
 *
 * @module
 */

/**
 * Called before a session is made. Since 1.30 ONNX Runtime otherwise sends events about models and machine to Microsoft,
 * keeps a device id and a database of them under the user's `~/.cache/Microsoft`, and takes 3 MB for it.
 */
export function forbidReports(): void {
  Deno.env.set("ORT_DISABLE_TELEMETRY", "1");
}

/**
 * Sending files. Unlike fetch, XMLHttpRequest tells how much of a body was sent.
 *
 * @module
 */

import { keyHeaders, lost, problemText } from "../api.ts";
import { t } from "../text.ts";

/**
 * Sends a body and gives the JSON that was answered. Throws with what the service said.
 *
 * @param onProgress Told of the share that was sent, 0 to 1.
 */
export function send<T>(
  path: string,
  body: Blob | FormData,
  onProgress: (sent: number) => void,
  headers: Record<string, string> = {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    for (const [name, value] of Object.entries({ ...keyHeaders(), ...headers })) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onerror = () => {
      lost();
      reject(new Error(t("away.short")));
    };
    request.onload = () => {
      const answer = parsed(request.responseText);
      if (request.status < 300) resolve(answer as T);
      else reject(new Error(problemText(answer, request.status)));
    };
    request.send(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

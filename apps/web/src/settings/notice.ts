import type { Storage } from "@docrelay/client";
import { element } from "../frame/element.ts";
import { say } from "../words/say.ts";

const KEY = "docrelay:notify";

/** Whether the user wants notifications of answers, and the browser allows them. */
export function mayNotify(storage: Storage): boolean {
  return "Notification" in globalThis && Notification.permission === "granted" && storage.getItem(KEY) === "yes";
}

/**
 * Returns a button that turns notifications on and off; undefined where the browser has no notifications. The browser
 * asks the user for permission at the first press.
 */
export function noticeChoice(storage: Storage): HTMLElement | undefined {
  // Browsers offer notifications only over HTTPS and on localhost.
  if (!("Notification" in globalThis) || !isSecureContext) return undefined;
  const said = element("span", { role: "status" });
  const button = element("button", { type: "button", class: "quiet" }, say("notify"));
  const show = (): void => button.setAttribute("aria-pressed", String(mayNotify(storage)));
  button.addEventListener("click", () => {
    const isOn = mayNotify(storage);
    storage.setItem(KEY, isOn ? "no" : "yes");
    void Notification.requestPermission().then((permission) => {
      said.textContent = !isOn && permission !== "granted" ? say("notifyDenied") : "";
      show();
    });
  });
  show();
  return element("div", {}, button, said);
}

/** Shows a notification that a question has ended. A click on it brings the tab to the front. */
export function notify(storage: Storage, title: string, question: string): void {
  if (!mayNotify(storage)) return;
  try {
    const notice = new Notification(title, { body: question.slice(0, 120), tag: "docrelay" });
    notice.addEventListener("click", () => {
      window.focus();
      notice.close();
    });
  } catch {
    // Browsers on phones throw, because they show notifications only from service workers. No notification is shown
    // there.
  }
}

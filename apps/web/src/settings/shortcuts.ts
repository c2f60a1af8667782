import type { Storage } from "@docrelay/client";
import { isComposing } from "../composing/keys.ts";
import { element } from "../frame/element.ts";
import type { Frame } from "../frame/frame.ts";
import type { Key } from "../words/language.ts";
import { say } from "../words/say.ts";

export interface ShortcutActions {
  focus(): void;
  newConversation(): void;
  list(): void;
}

const OFF = "docrelay:no-question-mark";
const isMac = /Mac|iPhone|iPad/.test(navigator.userAgent);
const CONTROL = isMac ? "⌘" : "Ctrl";

const KEYS: ReadonlyArray<readonly [keys: string, does: Key]> = [
  ["Enter", "send"],
  ["Shift Enter", "keyLine"],
  ["Esc", "keyEscape"],
  ["Shift Esc", "keyQuestion"],
  [`${CONTROL} Shift O`, "newConversation"],
  [`${CONTROL} Shift L`, "conversations"],
  ["← →", "keyPages"],
  ["?", "shortcuts"],
  [`${CONTROL} /`, "shortcuts"],
];

/**
 * Returns the action of a key press; undefined if it is no shortcut. Keys of the question field and of open dialogs are
 * handled by the field and the dialogs themselves.
 */
export function shortcutOf(
  event: Pick<KeyboardEvent, "key" | "code" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">,
  { isTyping, isPlainOff }: { isTyping: boolean; isPlainOff: boolean },
): keyof ShortcutActions | "help" | undefined {
  if (event.altKey) return undefined;
  const isControl = event.ctrlKey !== event.metaKey;
  if (event.key === "Escape") return event.shiftKey && !event.ctrlKey && !event.metaKey ? "focus" : undefined;
  if (!isControl) return event.key === "?" && !isTyping && !isPlainOff && !event.metaKey ? "help" : undefined;
  if (event.key === "/") return "help";
  if (!event.shiftKey) return undefined;
  // A key that writes a Latin letter counts as that letter, as in browsers' own shortcuts. A key that writes another
  // script counts by its place on the keyboard.
  const letter = /^[a-z]$/i.test(event.key) ? `Key${event.key.toUpperCase()}` : event.code;
  return letter === "KeyO" ? "newConversation" : letter === "KeyL" ? "list" : undefined;
}

/** Listens for the shortcuts. Returns the button that shows the list of them. */
export function hearShortcuts(frame: Frame, storage: Storage, on: ShortcutActions): HTMLElement {
  const rows = KEYS.map(([keys, does]) => {
    const caps = keys.split(" ").flatMap((key, index) => [...(index === 0 ? [] : [" "]), element("kbd", {}, key)]);
    return element("div", {}, element("dt", { dir: "ltr" }, ...caps), element("dd", {}, say(does)));
  });
  // Speech input or a mistake can press a key without a modifier, so this shortcut can be turned off.
  const plain = element("input", { type: "checkbox", checked: storage.getItem(OFF) === null });
  plain.addEventListener("change", () => (plain.checked ? storage.removeItem(OFF) : storage.setItem(OFF, "yes")));
  const title = element("h2", { id: "shortcuts-title" }, say("shortcuts"));
  const close = element("button", { type: "button", class: "quiet", click: () => dialog.close() }, say("close"));
  const dialog = element(
    "dialog",
    { id: "shortcuts", "aria-labelledby": "shortcuts-title" },
    title,
    element("dl", {}, ...rows),
    element("label", {}, plain, say("shortcutsPlain")),
    close,
  );
  frame.body.append(dialog);
  // Keys of the dialog, such as Escape, must not also stop an answer.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  const help = (): void => {
    if (!dialog.open) dialog.showModal();
  };
  frame.events.addEventListener("keydown", (event) => {
    if (isComposing(event) || event.defaultPrevented) return;
    const focused = frame.focused();
    const isTyping = focused instanceof HTMLInputElement || focused instanceof HTMLTextAreaElement;
    const action = shortcutOf(event, { isTyping, isPlainOff: !plain.checked });
    if (action === undefined) return;
    event.preventDefault();
    // A held key repeats and would begin many conversations.
    if (event.repeat) return;
    if (action === "help") help();
    else on[action]();
  });
  return element("button", { type: "button", class: "quiet", click: help }, say("shortcuts"));
}

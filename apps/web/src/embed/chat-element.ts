import { browserStorage, type ConnectOptions } from "@docrelay/client";
import html from "../../index.html?raw";
import { startChat, type Chat } from "../chat.ts";
import { innerAddress, isConversation } from "../frame/address.ts";
import { element } from "../frame/element.ts";
import { finder, type Frame } from "../frame/frame.ts";
import { stylePartsIn } from "../lazy-part.ts";
import css from "../page.css?inline";
import { startLanguage } from "../start-language.ts";

/* The module that `docrelay.js` loads for a `<docrelay-chat>`: the views of the page, in a shadow tree. */

/**
 * Puts the chat into an element. Attributes: `server`, where docrelay is if not where this script is from; `conversation`,
 * the id to begin with. Returns how to take it out again; the element may be given a chat again then.
 */
export function mountChat(host: HTMLElement, token: ConnectOptions["token"]): () => void {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(forElement(css));
  root.adoptedStyleSheets = [sheet];
  const unstyle = stylePartsIn(root);
  const first = host.getAttribute("conversation") ?? "";
  const address = innerAddress(isConversation(first) ? first : undefined);
  const url = host.getAttribute("server") ?? new URL(/* @vite-ignore */ ".", scriptUrl).href;
  let chat: Chat | undefined;
  let isMounted = true;

  async function start(): Promise<void> {
    chat?.close();
    chat = undefined;
    const frame = frameIn(root);
    const storage = browserStorage(() => (frame.find("unkept", HTMLParagraphElement).hidden = false));
    await startLanguage(frame.body, storage);
    if (!isMounted) return;
    chat = startChat({
      frame,
      address,
      // Title and icon are those of the page around it.
      tab: { about: () => undefined, ended: () => undefined, settings: [] },
      storage,
      // The choice that had the focus is gone.
      restart: () => void start().then(() => chat?.focus()),
      relay: { url, ...(token !== undefined && { token }) },
    });
  }
  void start();
  return () => {
    isMounted = false;
    chat?.close();
    unstyle();
    root.replaceChildren();
  };
}

function frameIn(root: ShadowRoot): Frame {
  const body = element("div", { class: "frame", role: "region", "aria-label": "docrelay" }, ...pageNodes());
  const scroller = element("div", { class: "scroller" }, body);
  // Styles of parts stay.
  root.querySelector(".scroller")?.remove();
  root.append(scroller);
  return { find: finder(root), focused: () => root.activeElement, body, scroller, onScroll: scroller, events: body };
}

const scriptUrl = import.meta.url;

/** What is in the page, without what only a page of its own has: its landmarks and title are those of the page around it. */
function pageNodes(): Node[] {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const only of body.querySelectorAll(".skip, noscript")) only.remove();
  body.querySelector("h1")?.replaceWith(element("slot", { name: "title" }));
  for (const landmark of body.querySelectorAll("header, main")) {
    const plain = element("div", { class: landmark.localName, part: landmark.getAttribute("part") ?? undefined });
    plain.append(...landmark.childNodes);
    landmark.replaceWith(plain);
  }
  return [...body.childNodes];
}

/** The page's style, by the size of the element in place of the window's. */
function forElement(style: string): string {
  return style.replaceAll(/@media\s*(?=\(\s*(?:max-|min-)?(?:width|height))/g, "@container ");
}

import { browserStorage, type ConnectOptions } from "@docrelay/client";
import html from "../../index.html?raw";
import { startChat, type Chat } from "../chat.ts";
import { innerAddress, isConversation } from "../frame/address.ts";
import { element } from "../frame/element.ts";
import { finder, type Frame } from "../frame/frame.ts";
import { stylePartsIn } from "../lazy-part.ts";
import css from "../page.css?inline";
import { startLanguage } from "../start-language.ts";

/*
 * The module that `docrelay.js` loads for a `<docrelay-chat>`. It shows the same views as the page, in a shadow tree.
 */

/**
 * Puts the chat into an element. Attributes: `server` is docrelay's address, by default where this script came from;
 * `conversation` is the id of the conversation to begin with. Returns a function that removes the chat; after that, a
 * chat may be put into the element again.
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
      // Title and icon belong to the page around the element.
      tab: { about: () => undefined, ended: () => undefined, settings: [] },
      storage,
      // The restart removes the control for choosing a language, which had the focus. So the focus moves to the new
      // chat.
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
  // Removes only the earlier chat: the styles of lazily loaded parts stay in the shadow tree.
  root.querySelector(".scroller")?.remove();
  root.append(scroller);
  return { find: finder(root), focused: () => root.activeElement, body, scroller, onScroll: scroller, events: body };
}

const scriptUrl = import.meta.url;

/** Returns the nodes of the page, but without landmarks and title: the page around the element has its own. */
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

/** Returns the page's style with each query for the window's size replaced by a query for the element's size. */
function forElement(style: string): string {
  return style.replaceAll(/@media\s*(?=\(\s*(?:max-|min-)?(?:width|height))/g, "@container ");
}

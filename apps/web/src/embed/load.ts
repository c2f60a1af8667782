/*
 * This module is part of the script that other pages load. The script is small, and browsers cache it for long. The
 * chat itself is loaded once an element is on the page.
 */

/** The exports of the chat's script, which may be of a later version than this script. */
interface ChatModule {
  /** Puts the chat into an element. Returns a function that removes it. */
  mountChat(element: HTMLElement, token: Token | undefined): () => void;
}
type Token = string | (() => Promise<string>);

const NAME = "docrelay-chat";
const MAX_PAUSE_MS = 30_000;

/** Defines `<docrelay-chat>`. Does nothing where custom elements do not exist, as on a server. */
export function defineChat(base: string): void {
  if (typeof customElements === "undefined" || customElements.get(NAME)) return;

  /** The chat's element. Content between its tags is shown until the chat has loaded. */
  class DocrelayChat extends HTMLElement {
    /**
     * The same as for the SDK's `connect`: a JWT of the page's own login, or a function that fetches one. Read when
     * the chat starts.
     */
    declare token?: Token;
    #unmount: (() => void) | undefined;
    #isWanted = false;

    connectedCallback(): void {
      if (this.#isWanted) return;
      this.#isWanted = true;
      void this.#mount();
    }
    disconnectedCallback(): void {
      // An element that was only moved is connected again at once, and keeps its chat.
      queueMicrotask(() => {
        if (this.isConnected) return;
        this.#isWanted = false;
        this.#unmount?.();
        this.#unmount = undefined;
      });
    }
    async #mount(): Promise<void> {
      const chat = await loadChat(base, () => this.#isWanted);
      // While the script loaded, the element may have been removed: then it gets no chat. It may also have been removed
      // and put back: then another call may have put the chat into it already.
      if (chat && this.#isWanted) this.#unmount ??= chat.mountChat(this, this.token);
    }
  }
  customElements.define(NAME, DocrelayChat);
}

let loaded: Promise<ChatModule> | undefined;

async function loadChat(base: string, isWanted: () => boolean): Promise<ChatModule | undefined> {
  for (let n = 1; isWanted(); n++) {
    const url = new URL("docrelay-chat.js", base);
    // Browsers remember for an address that its module failed to load, so each retry uses another address.
    if (n > 1) url.searchParams.set("try", String(n));
    const loading = (loaded ??= import(/* @vite-ignore */ url.href) as Promise<ChatModule>);
    try {
      return await loading;
    } catch {
      if (loaded === loading) loaded = undefined;
      await new Promise((resolve) => setTimeout(resolve, Math.min(MAX_PAUSE_MS, 1000 * 2 ** (n - 1))));
    }
  }
  return undefined;
}

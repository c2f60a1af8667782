/* Of the script that other pages load: small, and kept by browsers for long. The chat itself comes when an element is on the page. */

/** What the chat's script has; it may be of a later version than this one. */
interface ChatModule {
  /** Puts the chat into an element; returns how to take it out again. */
  mountChat(element: HTMLElement, token: Token | undefined): () => void;
}
type Token = string | (() => Promise<string>);

const NAME = "docrelay-chat";
const MAX_PAUSE_MS = 30_000;

/** Defines `<docrelay-chat>`; nothing happens where there are no elements, as on a server. */
export function defineChat(base: string): void {
  if (typeof customElements === "undefined" || customElements.get(NAME)) return;

  /** The chat. What stands between its tags is shown until the chat is there. */
  class DocrelayChat extends HTMLElement {
    /** As for `connect` of the SDK: a JWT of the page's own login, or a function that fetches one. Read when the chat starts. */
    declare token?: Token;
    #unmount: (() => void) | undefined;
    #isWanted = false;

    connectedCallback(): void {
      if (this.#isWanted) return;
      this.#isWanted = true;
      void this.#mount();
    }
    disconnectedCallback(): void {
      // Not when it has only been moved.
      queueMicrotask(() => {
        if (this.isConnected) return;
        this.#isWanted = false;
        this.#unmount?.();
        this.#unmount = undefined;
      });
    }
    async #mount(): Promise<void> {
      const chat = await loadChat(base, () => this.#isWanted);
      // It may have been removed, and put back, meanwhile.
      if (chat && this.#isWanted) this.#unmount ??= chat.mountChat(this, this.token);
    }
  }
  customElements.define(NAME, DocrelayChat);
}

let loaded: Promise<ChatModule> | undefined;

async function loadChat(base: string, isWanted: () => boolean): Promise<ChatModule | undefined> {
  for (let n = 1; isWanted(); n++) {
    const url = new URL("docrelay-chat.js", base);
    // Browsers remember of an address that there was no module.
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

/** What a page is about to finish, as other pages of the browser need to know: ids of asks, and names of files being uploaded. */
export interface Underway {
  readonly asks: readonly string[];
  readonly files: readonly string[];
}

/**
 * The other pages of this browser that show docrelay. A duplicated tab begins with a copy of the storage of its first one,
 * and so with questions that the first one still sends: it asks before it takes them for its own.
 */
export interface OtherPages {
  /** What all others have underway. Takes `ANSWER_MS`: pages that have ended do not answer. */
  underway(): Promise<Underway>;
  close(): void;
}

type Message = { readonly to?: string; readonly from: string } & Partial<Underway>;

const CHANNEL = "docrelay:pages";
const ANSWER_MS = 250;

/** `me`: an id of this page. `mine`: what this page has underway. */
export function createOtherPages(me: string, mine: () => Underway): OtherPages {
  const channel = open();
  const heard = new Set<(one: Partial<Underway>) => void>();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has none: it reaches its own origin only
  const tell = (message: Message): void => channel?.postMessage(message);
  channel?.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (data.to === undefined) tell({ to: data.from, from: me, ...mine() });
    else if (data.to === me) for (const listener of heard) listener(data);
  });
  return {
    async underway() {
      const asks: string[] = [];
      const files: string[] = [];
      const listener = (one: Partial<Underway>): void => {
        asks.push(...(one.asks ?? []));
        files.push(...(one.files ?? []));
      };
      heard.add(listener);
      tell({ from: me });
      await new Promise((resolve) => setTimeout(resolve, ANSWER_MS));
      heard.delete(listener);
      return { asks, files };
    },
    close: () => channel?.close(),
  };
}

/** Undefined where the browser allows pages no word with each other. */
function open(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(CHANNEL);
  } catch {
    return undefined;
  }
}

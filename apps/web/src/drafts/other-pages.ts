/**
 * The work that a page has not finished, as other pages need to know it: ids of asks and names of files being
 * uploaded.
 */
export interface Underway {
  readonly asks: readonly string[];
  readonly files: readonly string[];
}

/**
 * The other docrelay pages of this browser. A duplicated tab begins with a copy of the original tab's storage, which
 * may hold questions that the original tab is still sending. The duplicate asks the other pages before it takes such
 * questions as its own.
 */
export interface OtherPages {
  /**
   * Collects the unfinished work of all other pages. Always waits for `ANSWER_MS`, because a page cannot know how many
   * other pages there are.
   */
  underway(): Promise<Underway>;
  close(): void;
}

type Message = { readonly to?: string; readonly from: string } & Partial<Underway>;

const CHANNEL = "docrelay:pages";
const ANSWER_MS = 250;

/** `me` is this page's id; `mine` returns this page's unfinished work. */
export function createOtherPages(me: string, mine: () => Underway): OtherPages {
  const channel = open();
  const heard = new Set<(one: Partial<Underway>) => void>();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel reaches its own origin only
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

/** Opens the channel between pages; undefined where the browser does not allow pages to exchange messages. */
function open(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(CHANNEL);
  } catch {
    return undefined;
  }
}

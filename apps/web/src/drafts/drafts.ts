import { isStored, type StoredFile } from "../files/attachment.ts";

/** The next question of a conversation, as far as the user has written it. */
export interface Draft {
  readonly text: string;
  /** The attached files that the server has. Undefined until the user attaches or removes a file of this draft. */
  readonly files?: readonly StoredFile[];
  /** The attached files whose upload is not finished. */
  readonly cut?: readonly StoredFile[];
}

/** The functions of a browser storage, such as `localStorage`, that drafts need. */
export interface DraftStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** The drafts of all conversations in this browser, kept in its storage. */
export interface Drafts {
  read(conversation: string): Draft | undefined;
  write(conversation: string, draft: Draft): void;
  /** Calls the listener when another page has changed drafts. Returns a function that removes the listener. */
  hear(listener: () => void): () => void;
}

const KEY = "docrelay:drafts";
/**
 * How many drafts are kept. The drafts that were not changed for longest are dropped first: by default servers delete a
 * conversation a day after its last use, and then its draft is useless.
 */
const MAX_KEPT = 30;

type Kept = Draft & { readonly conversation: string };

export function createDrafts(storage: DraftStorage): Drafts {
  const all = (): Kept[] => parseKept(storage.getItem(KEY));
  return {
    read: (conversation) => all().find((draft) => draft.conversation === conversation),
    write(conversation, draft) {
      const others = all().filter((one) => one.conversation !== conversation);
      const kept = isEmpty(draft) ? others : [{ conversation, ...draft }, ...others];
      storage.setItem(KEY, JSON.stringify(kept.slice(0, MAX_KEPT)));
    },
    hear(listener) {
      const changed = ({ key }: StorageEvent): void => void (key === KEY && listener());
      addEventListener("storage", changed);
      return () => removeEventListener("storage", changed);
    },
  };
}

/**
 * Whether nothing of a draft need be kept. An empty list of files must be kept: it records that the user has removed
 * all files, so that those of the log's last question are not offered again.
 */
function isEmpty({ text, files, cut = [] }: Draft): boolean {
  return text === "" && files === undefined && cut.length === 0;
}

function parseKept(json: string | null): Kept[] {
  try {
    const list: unknown = JSON.parse(json ?? "[]");
    return Array.isArray(list) ? list.flatMap(readKept) : [];
  } catch {
    return []; // another program wrote an invalid value
  }
}

function readKept(value: unknown): Kept[] {
  const { conversation, text, files, cut } = (value ?? {}) as Partial<Record<keyof Kept, unknown>>;
  if (typeof conversation !== "string" || typeof text !== "string") return [];
  return [
    {
      conversation,
      text,
      ...(Array.isArray(files) && { files: files.filter(isStored) }),
      ...(Array.isArray(cut) && { cut: cut.filter(isStored) }),
    },
  ];
}

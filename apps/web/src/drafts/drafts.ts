import { isStored, type StoredFile } from "../files/attachment.ts";

/** What a user has prepared in a conversation and not asked yet. */
export interface Draft {
  readonly text: string;
  /** Files that the server has. Undefined until the user attaches or removes a file in this conversation. */
  readonly files?: readonly StoredFile[];
  /** Files whose upload is not finished. */
  readonly cut?: readonly StoredFile[];
}

/** The part of the `Storage` interface that drafts need, such as `localStorage`. */
export interface DraftStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** The drafts of all conversations in this browser, kept in its storage. */
export interface Drafts {
  read(conversation: string): Draft | undefined;
  write(conversation: string, draft: Draft): void;
  /** Calls the listener when another page has changed drafts. Returns a function that stops this. */
  hear(listener: () => void): () => void;
}

const KEY = "docrelay:drafts";
/**
 * Most drafts kept. The least recently changed ones are dropped first, since the server deletes conversations after a
 * day.
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
 * An empty list of files is not empty here: it records that the user removed all files, so the log's files are not
 * offered again.
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

import { isStored, type StoredFile } from "../files/attachment.ts";

/** What a person has prepared in one conversation and not asked. */
export interface Draft {
  readonly text: string;
  /** Files that the server has; undefined while nothing was attached or removed in this conversation. */
  readonly files?: readonly StoredFile[];
  /** Files whose upload has not ended. */
  readonly cut?: readonly StoredFile[];
}

/** A storage as far as drafts need it, such as `localStorage`. */
export interface DraftStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** The drafts of a browser's conversations, in its storage. */
export interface Drafts {
  read(conversation: string): Draft | undefined;
  write(conversation: string, draft: Draft): void;
  /** Calls the listener when another page has changed drafts; returns how to stop. */
  hear(listener: () => void): () => void;
}

const KEY = "docrelay:drafts";
/** The least recently changed ones beyond this are dropped: conversations are deleted by the server after a day. */
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

/** Files that were all removed are remembered: those of the log are not offered again. */
function isEmpty({ text, files, cut = [] }: Draft): boolean {
  return text === "" && files === undefined && cut.length === 0;
}

function parseKept(json: string | null): Kept[] {
  try {
    const list: unknown = JSON.parse(json ?? "[]");
    return Array.isArray(list) ? list.flatMap(readKept) : [];
  } catch {
    return []; // written by something else
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

import { connect, newId, type ConnectOptions, type Relay, type Storage } from "@docrelay/client";
import { createAsking, type Asking } from "./asking/asking.ts";
import { createConversationView, type ViewListener } from "./conversation-view.ts";
import { isConversation, type Address } from "./frame/address.ts";
import type { Frame } from "./frame/frame.ts";
import { createKeptList, type KeptListener } from "./kept/kept-list.ts";
import { hearMissingParts } from "./lazy-part.ts";
import type { Tab } from "./reading/tab.ts";
import { hearShortcuts, type ShortcutActions } from "./settings/shortcuts.ts";
import { themeChoice } from "./settings/theme.ts";
import { createViewer, type Viewer } from "./viewer/viewer.ts";
import { languageChoice } from "./words/choice.ts";
import { wordsFor } from "./words/errors.ts";
import { say } from "./words/say.ts";
import { keepLanguage } from "./start-language.ts";

const LAST = "docrelay:conversation";

export interface ChatOptions {
  readonly frame: Frame;
  readonly address: Address;
  readonly tab: Tab;
  readonly storage: Storage;
  /** Starts the chat again. Files whose upload is not finished have to be attached again. */
  restart(): void;
  /** The same options as for the SDK's `connect`. */
  readonly relay: Pick<ConnectOptions, "url" | "token">;
}

export interface Chat {
  focus(): void;
  /** Closes the connection. Afterwards the chat does nothing more. */
  close(): void;
}

/** Starts the chat in a frame. It shows the conversation that the address names, or else the last one shown. */
export function startChat(options: ChatOptions): Chat {
  const { frame, address, tab, storage } = options;
  const { find } = frame;
  const relay = connect({ ...options.relay, storage });
  const viewer = createViewer(frame, relay);
  const revising = createRevising(frame);
  const asking = createAsking({
    frame,
    relay,
    storage,
    viewer,
    send(message, files) {
      const isTaken = view.ask(message, files, revising.ask);
      if (isTaken) revising.set(undefined);
      return isTaken;
    },
    stop: () => view.stop(),
  });
  const { composer, preparing } = asking;
  const reading = { log: undefined as string | undefined };
  const view = createConversationView({ frame, relay, tab }, viewListener({ asking, viewer, revising, reading }));
  const show = createShow({ storage, address, asking, viewer, revising, open: (id) => view.open(id) });
  const renew = (): void => {
    // If the shown conversation is unused, no new one is begun: a new one would only add a step to the browser's
    // history.
    const isUsed = find("empty", HTMLElement).hidden || composer.text !== "" || composer.files.length > 0;
    if (isUsed || reading.log !== preparing.conversation) address.go(newId());
    composer.focus();
  };
  const settings = settingsOf(options, {
    focus: () => composer.focus(),
    newConversation: renew,
    list: () => kept.toggle(),
  });
  const kept = createKeptList(
    frame,
    { conversations: relay.conversations, settings },
    {
      shown: () => ({ id: preparing.conversation, turns: view.turns }),
      open: (id) => address.go(id),
      onDeleted: (id, here) => show.deleted(id, here),
    },
  );
  showConnection(frame, relay, () => composer.limit(relay.limits));
  const stopHearing = hearMissingParts(() => (find("outdated", HTMLParagraphElement).hidden = false));
  address.hear(show.address);
  // The stored draft has the files of the page that wrote it last, so each page writes its draft when the user leaves
  // the page.
  addEventListener("pagehide", preparing.keep);
  find("new", HTMLButtonElement).addEventListener("click", renew);
  find("unrevise", HTMLButtonElement).addEventListener("click", () => {
    revising.set(undefined);
    composer.focus();
  });
  find("suggestion", HTMLButtonElement).addEventListener("click", () => composer.suggest(say("suggestion")));
  show.address();

  return {
    focus: () => composer.focus(),
    close() {
      stopHearing();
      removeEventListener("pagehide", preparing.keep);
      for (const part of [preparing, viewer, kept, view, relay]) part.close();
    },
  };
}

/** The earlier ask that the next question will replace, if the user has chosen to edit one. */
interface Revising {
  readonly ask: string | undefined;
  set(ask: string | undefined): void;
}

function createRevising({ find }: Frame): Revising {
  let revised: string | undefined;
  return {
    get ask() {
      return revised;
    },
    set(ask) {
      revised = ask;
      find("revising", HTMLParagraphElement).hidden = ask === undefined;
    },
  };
}

/**
 * Passes events of the conversation's turns to the composer and the viewer. `reading.log` is the conversation whose
 * log was read last.
 */
function viewListener({
  asking: { composer, preparing, unsent, asked },
  viewer,
  revising,
  reading,
}: {
  readonly asking: Asking;
  readonly viewer: Viewer;
  readonly revising: Revising;
  readonly reading: { log: string | undefined };
}): ViewListener {
  return {
    onRunning: (running) => composer.running(running),
    onOpen: (file, page, answer) => viewer.open(file, page, answer),
    onUnfit: (file) => composer.detach(file),
    onEdit(turn, files) {
      unsent.release(turn.id);
      composer.edit(turn.question, files);
    },
    onRevise: ({ id }) => revising.set(id),
    onSuggested: (question) => composer.suggest(question),
    onAgain: ({ id }) => unsent.release(id),
    onAsked: asked.add,
    onRead(conversation, files) {
      reading.log = conversation;
      if (conversation === preparing.conversation) preparing.offer(files);
    },
  };
}

interface Show {
  /** Shows the conversation that the address names. */
  address(): void;
  /** A conversation was deleted. `here` is false when another window deleted it. */
  deleted: KeptListener["onDeleted"];
}

function createShow({
  storage,
  address,
  asking: { composer, preparing, suggestions, drafts },
  viewer,
  revising,
  open,
}: {
  readonly storage: Storage;
  readonly address: Address;
  readonly asking: Asking;
  readonly viewer: Viewer;
  readonly revising: Revising;
  open(conversation: string): void;
}): Show {
  /** Whether another window has deleted the shown conversation, and this page has not shown a notice of that yet. */
  let deletedElsewhere = false;
  return {
    address() {
      const last = storage.getItem(LAST) ?? "";
      const id = address.get() ?? preparing.conversation ?? (isConversation(last) ? last : newId());
      address.keep(id);
      storage.setItem(LAST, id);
      if (id === preparing.conversation) return;
      preparing.leave();
      viewer.close();
      suggestions.drop();
      revising.set(undefined);
      preparing.show(id);
      if (deletedElsewhere) composer.warn([say("deletedElsewhere")]);
      deletedElsewhere = false;
      open(id);
    },
    deleted(id, here) {
      drafts.write(id, { text: "" });
      if (id !== preparing.conversation) return;
      address.go(newId());
      deletedElsewhere = !here;
    },
  };
}

function settingsOf({ frame, storage, tab, restart }: ChatOptions, shortcuts: ShortcutActions): HTMLElement[] {
  const language = languageChoice((tag) => {
    keepLanguage(storage, tag);
    restart();
  });
  return [language, themeChoice(frame.scroller, storage), ...tab.settings, hearShortcuts(frame, storage, shortcuts)];
}

function showConnection({ find }: Frame, relay: Relay, onOnline: () => void): void {
  const line = find("connection", HTMLParagraphElement);
  relay.onState((state, error) => {
    line.dataset["state"] = state;
    line.textContent = say(state);
    // After a retryable error the SDK connects again, so only other errors are described.
    if (error && !error.retryable) line.textContent = `${wordsFor(error.wire).what} ${wordsFor(error.wire).advice}`;
    if (state === "online") onOnline();
  });
}

import { connect, newId, RelayError, type ConnectOptions, type Storage } from "@docrelay/client";
import type { Attachment, StoredFile } from "./files/attachment.ts";
import { createQuotaLine } from "./composing/quota-line.ts";
import { createComposer } from "./composing/composer.ts";
import { createSuggestions } from "./composing/suggestions.ts";
import { createConversationView } from "./conversation-view.ts";
import { createDrafts } from "./drafts/drafts.ts";
import { createOtherPages } from "./drafts/other-pages.ts";
import { createUnsent } from "./drafts/unsent.ts";
import { inSentence } from "./files/file-name.ts";
import { createPageUploads } from "./files/page-uploads.ts";
import { isConversation, type Address } from "./frame/address.ts";
import type { Frame } from "./frame/frame.ts";
import { createKeptList } from "./kept/kept-list.ts";
import { hearMissingParts } from "./lazy-part.ts";
import type { Tab } from "./reading/tab.ts";
import { hearShortcuts } from "./settings/shortcuts.ts";
import { themeChoice } from "./settings/theme.ts";
import { createViewer } from "./viewer/viewer.ts";
import { languageChoice } from "./words/choice.ts";
import { wordsFor } from "./words/errors.ts";
import { say } from "./words/say.ts";
import { keepLanguage } from "./start-language.ts";

const LAST = "docrelay:conversation";
/** Without a connection the log is not waited for longer. */
const READ_MS = 5000;

export interface ChatOptions {
  readonly frame: Frame;
  readonly address: Address;
  readonly tab: Tab;
  readonly storage: Storage;
  /** Starts the chat anew. Files whose upload has not ended have to be attached again. */
  restart(): void;
  /** As for `connect` of the SDK. */
  readonly relay: Pick<ConnectOptions, "url" | "token">;
}

export interface Chat {
  focus(): void;
  /** Closes the connection; the chat does nothing any more. */
  close(): void;
}

/** Starts the chat in a frame, with the conversation that its address names, or else the last one. */
export function startChat({ frame, address, tab, storage, restart, relay: to }: ChatOptions): Chat {
  const { find } = frame;
  const relay = connect({ ...to, storage });
  const drafts = createDrafts(storage);
  const unsent = createUnsent(() => sessionStorage);
  const uploads = createPageUploads(relay, uploadChanged);
  let shown: string | undefined;
  /** The conversation whose log was read last. */
  let read: string | undefined;
  /** Whether files were attached or removed in the shown conversation: then those of its log are not offered. */
  let hasChosen = false;
  /** Files of questions: their turns say what is wrong with them, and wait for their uploads. */
  const asked = new WeakSet<Attachment>();
  /** Questions of this page whose acknowledgement is awaited, with the names of their files: they go on when another conversation is shown. */
  const going = new Map<string, readonly string[]>();

  /** Files of the shown conversation whose uploads an earlier page has begun, while they are looked for. */
  let awaited: readonly StoredFile[] = [];

  const others = createOtherPages(newId(), () => ({
    asks: [...going.keys()],
    files: [...[...going.values()].flat(), ...uploading().map(({ name }) => name)],
  }));

  let revised: string | undefined;
  /** The conversation that was shown is gone, and the page has not said so yet. */
  let deletedElsewhere = false;

  const viewer = createViewer(frame, relay);
  const quotaLine = createQuotaLine(frame, relay);
  const composer = createComposer(frame, {
    send(message, files) {
      const isTaken = view.ask(message, files, revised);
      if (isTaken) revise(undefined);
      return isTaken;
    },
    stop: () => view.stop(),
    onText: keep,
    onFiles() {
      hasChosen = true;
      for (const file of composer.files) if (file instanceof File) uploads.begin(file);
      keep();
    },
    onOpen(file) {
      const { name, size } = file;
      const state = file instanceof File ? uploads.state(file) : undefined;
      const status = state && "status" in state ? state.status : undefined;
      const local = file instanceof File ? file : undefined;
      viewer.open({ name, size, local, upload: storedOf(file), pages: status?.pages, missing: status?.missing }, 1);
    },
    onDetached(file) {
      if (!(file instanceof File)) return;
      suggestions.drop(file);
      if (!asked.has(file)) uploads.drop(file);
    },
  });
  const suggestions = createSuggestions(frame, relay.uploads, (question) => composer.suggest(question));
  const view = createConversationView(
    { frame, relay, tab },
    {
      onRunning: (running) => composer.running(running),
      onOpen: (file, page, answer) => viewer.open(file, page, answer),
      onUnfit: (file) => composer.detach(file),
      onEdit(turn, files) {
        unsent.release(turn.id);
        composer.edit(turn.question, files);
      },
      onRevise: ({ id }) => revise(id),
      onSuggested: (question) => composer.suggest(question),
      onAgain: ({ id }) => unsent.release(id),
      onAsked({ conversation, id, question, files }, accepted) {
        for (const file of files) asked.add(file);
        const names = files.map(({ name }) => name);
        going.set(id, names);
        const release = (): void => unsent.release(id);
        // Without a file that is still on its way, the question is in the SDK's outbox at once.
        if (files.some((file) => storedOf(file) === undefined)) unsent.hold(conversation, id, question);
        accepted
          .finally(() => going.get(id) === names && going.delete(id))
          .then(
            () => {
              release();
              quotaLine.used(false);
            },
            (error: unknown) => {
              quotaLine.used(error instanceof RelayError && error.code === "QUOTA_EXCEEDED");
              if (error instanceof DOMException) release(); // It was stopped.
              else unsent.hold(conversation, id, question);
            },
          );
      },
      onRead(conversation, files) {
        read = conversation;
        if (conversation === shown && !hasChosen) composer.offer(files);
      },
    },
  );

  /** The next question stands in the place of an earlier one. */
  function revise(ask: string | undefined): void {
    revised = ask;
    find("revising", HTMLParagraphElement).hidden = ask === undefined;
  }

  function storedOf(file: Attachment): string | undefined {
    if (!(file instanceof File)) return file.upload;
    const state = uploads.state(file);
    return state && "upload" in state ? state.upload : undefined;
  }

  function uploadChanged(file: File): void {
    const state = uploads.state(file);
    composer.uploading(file, state);
    // Files of other conversations go on being read.
    const isReady = state && "status" in state && state.status?.stage === "ready";
    if (isReady && composer.files.includes(file)) suggestions.about(file, state.status);
    if (!state || "sent" in state) return;
    const error = "error" in state ? state.error.wire : state.status?.error;
    // What is wrong with a file is said before the question is asked; other faults do not last, and for passwords there is a form.
    if (error && !asked.has(file) && error.code !== "PDF_ENCRYPTED" && /^(FILE|PDF|PAYLOAD)_/.test(error.code)) {
      const { what, advice } = wordsFor(error, inSentence(file.name));
      composer.detach(file);
      composer.warn([...composer.warnings, `${what} ${advice}`]);
    }
    keep();
  }

  /** Keeps what is prepared in the shown conversation for a reload, and for when one comes back to it. */
  function keep(): void {
    if (shown === undefined) return;
    const mine = composer.files.flatMap((file) => {
      const upload = storedOf(file);
      return upload === undefined ? [] : [{ upload, name: file.name, size: file.size }];
    });
    const files = hasChosen ? mine : drafts.read(shown)?.files; // Another page may have chosen some.
    const cut = [...uploading(), ...awaited];
    drafts.write(shown, { text: composer.text, ...(files && { files }), ...(cut.length > 0 && { cut }) });
  }

  /** Attached files that the server does not have. */
  function uploading(): StoredFile[] {
    return composer.files.flatMap((file) => (file instanceof File ? (uploads.unfinished(file) ?? []) : []));
  }

  /** Brings back what was prepared in a conversation. */
  function recall(conversation: string): void {
    const draft = drafts.read(conversation);
    hasChosen = draft?.files !== undefined;
    composer.restart(draft?.text ?? "", draft?.files ?? []);
    awaited = draft?.cut ?? [];
    void recallUnsent(conversation, awaited);
  }

  /**
   * Goes on with uploads of an earlier page and brings back questions that were not sent, unless another page is about to send
   * them; says which files are not at hand any more.
   */
  async function recallUnsent(conversation: string, cut: readonly StoredFile[]): Promise<void> {
    if (cut.length === 0 && !unsent.has(conversation)) return;
    const opened = relay.conversation(conversation);
    const ready = opened.ready.catch(() => undefined);
    const [{ asks, files }] = await Promise.all([others.underway(), Promise.race([ready, soon()])]);
    if (shown !== conversation) return;
    // What the log has, or the SDK still sends.
    for (const { id } of opened.turns) unsent.release(id);
    const questions = unsent.take(conversation, new Set([...going.keys(), ...asks]));
    const sent = new Set([...going.values(), files].flat());
    const lost: StoredFile[] = [];
    for (const one of cut) if (!sent.has(one.name) && !(await goOn(one, conversation))) lost.push(one);
    if (shown !== conversation) return;
    awaited = [];
    if (questions.length > 0)
      composer.replace([...questions, composer.text].filter((text) => text !== "").join("\n\n"));
    const lines = [
      ...lost.map(({ name }) => say("notSentWhole", { name: inSentence(name) })),
      ...(questions.length > 0 ? [say("notAskedYet")] : []),
    ];
    if (lines.length > 0) composer.warn([...composer.warnings, ...lines]);
  }

  /** Attaches the file of an upload that has not ended, and goes on with it; false when the file is not at hand any more. */
  async function goOn({ upload }: StoredFile, conversation: string): Promise<boolean> {
    const file = await uploads.find(upload);
    if (!file || shown !== conversation) return false;
    composer.offer([file]);
    uploads.begin(file, upload);
    composer.uploading(file, uploads.state(file));
    return true;
  }

  const newConversation = (): void => {
    // An empty one is new: another would only be one more step back.
    const isUsed = find("empty", HTMLElement).hidden || composer.text !== "" || composer.files.length > 0;
    if (isUsed || read !== shown) address.go(newId());
    composer.focus();
  };
  const language = languageChoice((tag) => {
    keepLanguage(storage, tag);
    restart();
  });
  const shortcuts = hearShortcuts(frame, storage, {
    focus: () => composer.focus(),
    newConversation,
    list: () => kept.toggle(),
  });
  const settings = [language, themeChoice(frame.scroller, storage), ...tab.settings, shortcuts];
  const kept = createKeptList(
    frame,
    { conversations: relay.conversations, settings },
    {
      shown: () => ({ id: shown, turns: view.turns }),
      open: (id) => address.go(id),
      onDeleted(id, here) {
        drafts.write(id, { text: "" });
        if (id !== shown) return;
        address.go(newId());
        deletedElsewhere = !here;
      },
    },
  );

  /** Shows the address's conversation. */
  function show(): void {
    const last = storage.getItem(LAST) ?? "";
    const id = address.get() ?? shown ?? (isConversation(last) ? last : newId());
    address.keep(id);
    storage.setItem(LAST, id);
    if (id === shown) return;
    shown = undefined; // Nothing is kept for the old one while the new one's draft is put in.
    viewer.close();
    suggestions.drop();
    revise(undefined);
    recall(id);
    if (deletedElsewhere) composer.warn([say("deletedElsewhere")]);
    deletedElsewhere = false;
    shown = id;
    view.open(id);
  }

  const connection = find("connection", HTMLParagraphElement);
  relay.onState((state, error) => {
    connection.dataset["state"] = state;
    connection.textContent = say(state);
    // What trying again does not mend.
    if (error && !error.retryable)
      connection.textContent = `${wordsFor(error.wire).what} ${wordsFor(error.wire).advice}`;
    if (state === "online") composer.limit(relay.limits);
  });
  const stopHearing = hearMissingParts(() => (find("outdated", HTMLParagraphElement).hidden = false));
  address.hear(show);
  // A conversation has one draft, in whichever page it is typed: what one has asked is not left in another to be asked again.
  const stopHearingDrafts = drafts.hear(() => {
    const here = shown;
    const text = here === undefined ? composer.text : (drafts.read(here)?.text ?? "");
    if (text === composer.text) return;
    shown = undefined; // Not kept: it could put an older text over what is typed there meanwhile.
    composer.replace(text);
    shown = here;
  });
  // Files of the draft are those of the page that has written it last.
  addEventListener("pagehide", keep);
  find("new", HTMLButtonElement).addEventListener("click", newConversation);
  find("unrevise", HTMLButtonElement).addEventListener("click", () => {
    revise(undefined);
    composer.focus();
  });
  find("suggestion", HTMLButtonElement).addEventListener("click", () => composer.suggest(say("suggestion")));
  show();

  return {
    focus: () => composer.focus(),
    close() {
      stopHearing();
      stopHearingDrafts();
      removeEventListener("pagehide", keep);
      others.close();
      viewer.close();
      kept.close();
      view.close();
      relay.close();
    },
  };
}

async function soon(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, READ_MS));
}

import { newId, type Relay } from "@docrelay/client";
import type { AskedHere } from "./asked-here.ts";
import type { Composer } from "../composing/composer.ts";
import type { Attachment, StoredFile } from "../files/attachment.ts";
import { inSentence } from "../files/file-name.ts";
import { uploadOf, type PageUploads } from "../files/page-uploads.ts";
import { say } from "../words/say.ts";
import type { Drafts } from "../drafts/drafts.ts";
import { createOtherPages, type OtherPages } from "../drafts/other-pages.ts";
import type { Unsent } from "../drafts/unsent.ts";

/**
 * The draft of the shown conversation: the text, the files and the unfinished uploads of the next question. It is kept
 * in the browser's storage for a reload, and for when the user comes back to the conversation.
 */
export interface Preparing {
  /** The conversation that is shown. */
  readonly conversation: string | undefined;
  keep(): void;
  /**
   * Must be called when the user has attached or removed files. From then on, `offer` does not attach the files of the
   * log's last question.
   */
  choose(): void;
  /** Attaches `files`, which are those of the log's last question, unless the user has chosen files. */
  offer(files: readonly Attachment[]): void;
  /** Must be called before another conversation is shown. From then on, `keep` stores nothing until the next `show`. */
  leave(): void;
  /** Makes a conversation the shown one and restores its draft. */
  show(conversation: string): void;
  close(): void;
}

export interface PreparingDeps {
  readonly relay: Pick<Relay, "conversation">;
  readonly drafts: Drafts;
  readonly unsent: Unsent;
  readonly uploads: PageUploads;
  readonly asked: Pick<AskedHere, "going">;
  readonly composer: Composer;
}

interface State extends PreparingDeps {
  readonly others: OtherPages;
  shown: string | undefined;
  hasChosen: boolean;
  /**
   * Files whose uploads an earlier page began. The list is emptied once this browser's copies of the files were looked
   * for.
   */
  awaited: readonly StoredFile[];
}

/** How many ms to wait for the log. The wait has a limit, because without a connection the log never comes. */
const READ_MS = 5000;

export function createPreparing(deps: PreparingDeps): Preparing {
  const { going } = deps.asked;
  const others = createOtherPages(newId(), () => ({
    asks: [...going.keys()],
    files: [...[...going.values()].flat(), ...unfinished(deps).map(({ name }) => name)],
  }));
  const state: State = { ...deps, others, shown: undefined, hasChosen: false, awaited: [] };
  // All pages in this browser share one draft for each conversation. A question that is asked in one page disappears
  // from the others, so that it is not asked twice.
  const stopHearing = deps.drafts.hear(() => adopt(state));

  return {
    get conversation() {
      return state.shown;
    },
    keep: () => keep(state),
    choose: () => void (state.hasChosen = true),
    offer(files) {
      if (!state.hasChosen) state.composer.offer(files);
    },
    leave: () => void (state.shown = undefined),
    show(conversation) {
      recall(state, conversation);
      state.shown = conversation;
    },
    close() {
      stopHearing();
      others.close();
    },
  };
}

function keep({ shown, composer, uploads, drafts, hasChosen, awaited }: State): void {
  if (shown === undefined) return;
  const mine = composer.files.flatMap((file) => {
    const upload = uploadOf(uploads, file);
    return upload === undefined ? [] : [{ upload, name: file.name, size: file.size }];
  });
  // If the user has not chosen files on this page, the files in the stored draft are kept: another page may have chosen
  // them.
  const files = hasChosen ? mine : drafts.read(shown)?.files;
  const cut = [...unfinished({ composer, uploads }), ...awaited];
  drafts.write(shown, { text: composer.text, ...(files && { files }), ...(cut.length > 0 && { cut }) });
}

/** Returns the attached files whose upload is not complete. */
function unfinished({ composer, uploads }: Pick<PreparingDeps, "composer" | "uploads">): StoredFile[] {
  return composer.files.flatMap((file) => (file instanceof File ? (uploads.unfinished(file) ?? []) : []));
}

/** Shows the draft's text after another page has changed it. */
function adopt(state: State): void {
  const { shown, composer, drafts } = state;
  const text = shown === undefined ? composer.text : (drafts.read(shown)?.text ?? "");
  if (text === composer.text) return;
  // While `shown` is undefined, `keep` stores nothing. So this page does not overwrite the draft while the user types
  // in the page that has changed it.
  state.shown = undefined;
  composer.replace(text);
  state.shown = shown;
}

function recall(state: State, conversation: string): void {
  const draft = state.drafts.read(conversation);
  state.hasChosen = draft?.files !== undefined;
  state.composer.restart(draft?.text ?? "", draft?.files ?? []);
  state.awaited = draft?.cut ?? [];
  void recallUnsent(state, conversation, state.awaited);
}

/**
 * Resumes the uploads of an earlier page and brings back questions that were not sent, unless another page is about
 * to send them. Then shows which files are no longer available.
 */
async function recallUnsent(state: State, conversation: string, cut: readonly StoredFile[]): Promise<void> {
  const { unsent, relay, others, asked, composer } = state;
  if (cut.length === 0 && !unsent.has(conversation)) return;
  const opened = relay.conversation(conversation);
  const ready = opened.ready.catch(() => undefined);
  const [{ asks, files }] = await Promise.all([others.underway(), Promise.race([ready, soon()])]);
  if (state.shown !== conversation) return;
  // The log or the SDK's outbox already has the questions of these turns, so they are not restored.
  for (const { id } of opened.turns) unsent.release(id);
  const questions = unsent.take(conversation, new Set([...asked.going.keys(), ...asks]));
  const sent = new Set([...asked.going.values(), files].flat());
  const lost: StoredFile[] = [];
  for (const one of cut) if (!sent.has(one.name) && !(await goOn(state, one, conversation))) lost.push(one);
  if (state.shown !== conversation) return;
  state.awaited = [];
  if (questions.length > 0) composer.replace([...questions, composer.text].filter((text) => text !== "").join("\n\n"));
  const lines = [
    ...lost.map(({ name }) => say("notSentWhole", { name: inSentence(name) })),
    ...(questions.length > 0 ? [say("notAskedYet")] : []),
  ];
  if (lines.length > 0) composer.warn([...composer.warnings, ...lines]);
}

/**
 * Attaches the file of an unfinished upload and resumes the upload. Returns false when the browser no longer has the
 * file.
 */
async function goOn(state: State, { upload }: StoredFile, conversation: string): Promise<boolean> {
  const { uploads, composer } = state;
  const file = await uploads.find(upload);
  if (!file || state.shown !== conversation) return false;
  composer.offer([file]);
  uploads.begin(file, upload);
  composer.uploading(file, uploads.state(file));
  return true;
}

async function soon(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, READ_MS));
}

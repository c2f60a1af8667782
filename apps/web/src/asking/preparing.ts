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

/** What is prepared in the shown conversation. It is kept for a reload, and for when one comes back to it. */
export interface Preparing {
  /** The conversation that is shown. */
  readonly conversation: string | undefined;
  keep(): void;
  /** Files were attached or removed by the person: then those of the log are not offered. */
  choose(): void;
  /** Attaches the files of the log's last question. */
  offer(files: readonly Attachment[]): void;
  /** Nothing is kept for the shown conversation any more: another one takes its place. */
  leave(): void;
  /** Brings back what was prepared in a conversation, which is shown from now on. */
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
  /** Files whose uploads an earlier page has begun, while they are looked for. */
  awaited: readonly StoredFile[];
}

/** Without a connection the log is not waited for longer. */
const READ_MS = 5000;

export function createPreparing(deps: PreparingDeps): Preparing {
  const { going } = deps.asked;
  const others = createOtherPages(newId(), () => ({
    asks: [...going.keys()],
    files: [...[...going.values()].flat(), ...unfinished(deps).map(({ name }) => name)],
  }));
  const state: State = { ...deps, others, shown: undefined, hasChosen: false, awaited: [] };
  // A conversation has one draft, in whichever page it is typed: what one has asked is not left in another to be asked again.
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
  const files = hasChosen ? mine : drafts.read(shown)?.files; // Another page may have chosen some.
  const cut = [...unfinished({ composer, uploads }), ...awaited];
  drafts.write(shown, { text: composer.text, ...(files && { files }), ...(cut.length > 0 && { cut }) });
}

/** Attached files that the server does not have. */
function unfinished({ composer, uploads }: Pick<PreparingDeps, "composer" | "uploads">): StoredFile[] {
  return composer.files.flatMap((file) => (file instanceof File ? (uploads.unfinished(file) ?? []) : []));
}

/** Takes the text that another page has written into the draft. */
function adopt(state: State): void {
  const { shown, composer, drafts } = state;
  const text = shown === undefined ? composer.text : (drafts.read(shown)?.text ?? "");
  if (text === composer.text) return;
  state.shown = undefined; // Not kept: it could put an older text over what is typed there meanwhile.
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
 * Goes on with uploads of an earlier page and brings back questions that were not sent, unless another page is about to send
 * them; says which files are not at hand any more.
 */
async function recallUnsent(state: State, conversation: string, cut: readonly StoredFile[]): Promise<void> {
  const { unsent, relay, others, asked, composer } = state;
  if (cut.length === 0 && !unsent.has(conversation)) return;
  const opened = relay.conversation(conversation);
  const ready = opened.ready.catch(() => undefined);
  const [{ asks, files }] = await Promise.all([others.underway(), Promise.race([ready, soon()])]);
  if (state.shown !== conversation) return;
  // What the log has, or the SDK still sends.
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

/** Attaches the file of an upload that has not ended, and goes on with it; false when the file is not at hand any more. */
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

import {
  isOver,
  newId,
  RelayError,
  type Answer,
  type Conversation,
  type Relay,
  type RelayFault,
  type Turn,
} from "@docrelay/client";
import { isSameFile, type Attachment } from "./files/attachment.ts";
import { announcementOf } from "./turn/announcement.ts";
import { loadParser } from "./markdown/parser.ts";
import { createAskList } from "./turn/ask-list.ts";
import type { FailureActions } from "./turn/failure.ts";
import type { Frame } from "./frame/frame.ts";
import { filesOf } from "./files/turn-files.ts";
import { goneTurns } from "./reading/gone.ts";
import { createRedraw } from "./reading/redraw.ts";
import { followEnd } from "./reading/scrolling.ts";
import type { Viewed } from "./viewer/document.ts";
import type { Tab } from "./reading/tab.ts";
import { wordsFor } from "./words/errors.ts";
import { say } from "./words/say.ts";

export interface ConversationView {
  open(id: string): void;
  /** Asks in the open conversation; `replaces`: an earlier ask, in whose place it stands. Returns false, and does nothing, when none is open. */
  ask(message: string, files: readonly Attachment[], replaces?: string): boolean;
  /** The questions of the open conversation, with their answers. */
  readonly turns: readonly Turn[];
  /** Shows and hears nothing any more. */
  close(): void;
  /** Stops the answer that is being written, or else the first question that waits. */
  stop(): void;
}

export interface ViewListener {
  onRunning(running: boolean): void;
  /** An ask was made in this conversation; `accepted` as in the SDK. */
  onAsked(
    ask: { conversation: string; id: string; question: string; files: readonly Attachment[] },
    accepted: Promise<unknown>,
  ): void;
  /** A failed question is to be changed before it is asked again. */
  onEdit(turn: Turn, files: readonly Attachment[]): void;
  /** What is asked next stands in the place of a question, which was put into the composer. */
  onRevise(turn: Turn): void;
  /** A question that the engine suggests was chosen. */
  onSuggested(question: string): void;
  /** A failed question was asked again. */
  onAgain(turn: Turn): void;
  /** A page of a file is to be looked at, beside the answer that speaks of it. */
  onOpen(file: Viewed, page: number, answer: string): void;
  /** A file cannot be asked about, whatever the question. */
  onUnfit(file: Attachment): void;
  /** The log has been read: these are the turns, and the files of the last question that had any. */
  onRead(conversation: string, files: readonly Attachment[]): void;
}

/** The conversation on the page: changes come in, and what they changed is drawn once per frame. */
export function createConversationView(
  { frame, relay, tab }: { frame: Frame; relay: Relay; tab: Tab },
  on: ViewListener,
): ConversationView {
  const turns = frame.find("turns", HTMLOListElement);
  const list = createAskList(turns, {
    again,
    edit,
    revise(turn) {
      edit(turn);
      on.onRevise(turn);
    },
    regenerate: (turn) => void ask(turn.question, files.get(turn.id) ?? filesOf(turn), turn.id),
    stop: (turn) => stop(turn),
    feedback: async (turn, verdict, word) => conversation?.feedback(turn.id, verdict, word),
    open: openFile,
    suggest: (question) => on.onSuggested(question),
  });
  const empty = frame.find("empty", HTMLElement);
  const announce = frame.find("announce", HTMLParagraphElement);
  const scrolling = followEnd(frame, turns, frame.find("newest", HTMLButtonElement));
  /** Files of asks sent from this page, for asking again. */
  const files = new Map<string, readonly Attachment[]>();
  const answers = new Map<string, Answer>();
  /** Passwords that were typed, for as long as the page is open: the next question about the file needs them again. */
  const passwords = new Map<Attachment, string>();
  let shown: readonly Turn[] = [];
  let gone: readonly Turn[] = [];
  let conversation: Conversation | undefined;
  let stopHearing: (() => void) | undefined;
  const redraw = createRedraw(draw);

  function change(): void {
    const before = new Map(shown.map((turn) => [turn.id, turn]));
    const next = conversation?.turns ?? [];
    const lost = goneTurns(gone, shown, next);
    if (lost.length > gone.length) announce.textContent = say("gone");
    gone = lost;
    shown = next;
    if (shown.length > 0) void loadParser(); // While the rest of a long log is read.
    tab.about((gone[0] ?? shown[0])?.question ?? "");
    for (const turn of shown) if (before.get(turn.id) !== turn) changed(before.get(turn.id), turn);
    redraw.soon();
  }

  function changed(before: Turn | undefined, now: Turn): void {
    const words = announcementOf(before, now);
    if (words !== undefined) announce.textContent = words;
    if (before && !isOver(before) && isOver(now)) tab.ended(now, now.error && wordsFor(now.error.wire).what);
    if (now.state !== "failed" || before?.state === "failed" || !now.error) return;
    const file = files.get(now.id)?.[now.error.wire.file ?? -1];
    if (file && isUnfit(now.error.code, file)) on.onUnfit(file);
  }

  function draw(): void {
    list.show(gone, shown, relay.state !== "online");
    empty.hidden = shown.length + gone.length > 0;
    on.onRunning(shown.some((one) => !isOver(one)));
  }

  // What waits says for what.
  const stopHearingState = relay.onState(() => redraw.soon());

  function ask(message: string, chosen: readonly Attachment[], replaces?: string): boolean {
    const id = newId();
    return send(message, chosen, (to, known) => {
      files.set(id, chosen); // Before the ask is shown.
      // The trace begins with the click: servers that trace go on with it, and the ask's id finds it.
      const traceparent = `00-${id}-${newId().slice(16)}-01`;
      const more = replaces !== undefined && { replaces };
      return to.ask(message, { id, files: chosen, passwords: known, traceparent, ...more });
    });
  }
  function send(
    question: string,
    chosen: readonly Attachment[],
    by: (to: Conversation, passwords: ReadonlyMap<number, string>) => Answer,
  ): boolean {
    if (!conversation) return false;
    const known = chosen.flatMap((file, index) => {
      const password = passwordOf(file);
      return password === undefined ? [] : [[index, password] as const];
    });
    const answer = by(conversation, new Map(known));
    const { id } = answer;
    files.set(id, chosen);
    answers.set(id, answer);
    on.onAsked({ conversation: conversation.id, id, question, files: chosen }, answer.accepted);
    scrolling.toEnd();
    return true;
  }
  /** After a reload the file is another object each time that it is named. */
  function passwordOf(file: Attachment): string | undefined {
    return passwords.get(file) ?? [...passwords].findLast(([other]) => isSameFile(other, file))?.[1];
  }
  function again(failed: Turn, changed: Parameters<FailureActions["again"]>[1]): void {
    const all = files.get(failed.id) ?? filesOf(failed);
    on.onAgain(failed);
    if (changed && "without" in changed) {
      ask(
        failed.question,
        all.filter((_, index) => index !== changed.without),
      );
      return;
    }
    const file = changed && all[changed.file];
    if (file) passwords.set(file, changed.password);
    try {
      // An ask whose outcome is not known keeps its id, so that it is never answered twice.
      send(failed.question, all, (to, known) => to.retry(failed.id, { passwords: known }));
    } catch {
      edit(failed); // A file is not at hand any more: it has to be attached again.
    }
  }
  function edit(turn: Turn): void {
    on.onEdit(turn, files.get(turn.id) ?? filesOf(turn));
  }
  function openFile(turn: Turn, index: number, page: number): void {
    const file = turn.files[index];
    if (!file) return;
    const given = files.get(turn.id)?.[index];
    const [local, password] = [given instanceof File ? given : undefined, given && passwordOf(given)];
    on.onOpen({ ...file, upload: file.upload, local, password }, page, turn.text);
  }
  function stop(turn: Turn): void {
    const ending = answers.get(turn.id)?.cancel() ?? conversation?.cancel(turn.id);
    ending?.catch(() => undefined); // Whether the ask has ended shows in the log.
  }

  return {
    open(id) {
      if (conversation?.id === id) return;
      stopHearing?.();
      conversation?.close();
      files.clear();
      answers.clear();
      gone = [];
      const opened = (conversation = relay.conversation(id));
      shown = opened.turns;
      redraw.soon(); // What was shown goes.
      redraw.reading(opened.ready);
      stopHearing = opened.onTurns(change);
      opened.ready.then(
        () => on.onRead(id, filesOf(opened.turns.findLast((turn) => turn.files.length > 0))),
        (error: unknown) => {
          if (error instanceof RelayError) announce.textContent = wordsFor(error.wire).what;
        },
      );
      tab.about(shown[0]?.question ?? "");
    },
    ask,
    get turns() {
      return shown;
    },
    close() {
      stopHearingState();
      stopHearing?.();
      conversation?.close();
      list.show([], []);
    },
    stop() {
      // Asks of a conversation are answered one after another: the first that has not ended is the one being written.
      const running = shown.find((one) => !isOver(one));
      if (running) stop(running);
    },
  };
}

/** Tells whether no question about the file can be answered: it is at fault itself, or no longer there. */
function isUnfit(code: RelayFault["code"], file: Attachment): boolean {
  if (code === "NOT_FOUND") return !(file instanceof File);
  return code !== "PDF_ENCRYPTED" && (code.startsWith("FILE_") || code.startsWith("PDF_"));
}

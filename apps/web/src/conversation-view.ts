import { isOver, RelayError, type Conversation, type Relay, type RelayFault, type Turn } from "@docrelay/client";
import type { Attachment } from "./files/attachment.ts";
import { announcementOf } from "./turn/announcement.ts";
import { loadParser } from "./markdown/parser.ts";
import { createAskList, type AskList } from "./turn/ask-list.ts";
import { createOwnAsks, type AskedFrom, type OwnAsks } from "./turn/own-asks.ts";
import type { Frame } from "./frame/frame.ts";
import { filesOf } from "./files/turn-files.ts";
import { goneTurns } from "./reading/gone.ts";
import { createRedraw, type Redraw } from "./reading/redraw.ts";
import { followEnd } from "./reading/scrolling.ts";
import type { Viewed } from "./viewer/document.ts";
import type { Tab } from "./reading/tab.ts";
import { wordsFor } from "./words/errors.ts";
import { say } from "./words/say.ts";

export interface ConversationView {
  open(id: string): void;
  /**
   * Asks in the open conversation. `replaces` is the earlier ask that the new one replaces. Returns false, and does
   * nothing, when no conversation is open.
   */
  ask(message: string, files: readonly Attachment[], replaces?: string): boolean;
  /** The questions of the open conversation, with their answers. */
  readonly turns: readonly Turn[];
  /** Removes the turns from the page and stops listening. */
  close(): void;
  /** Stops the answer that is being written, or else the first waiting question. */
  stop(): void;
}

export interface ViewListener {
  onRunning(running: boolean): void;
  /** An ask was made in this conversation. `accepted` is the promise `accepted` of the SDK's `Answer`. */
  onAsked(ask: AskedFrom, accepted: Promise<unknown>): void;
  /** The user wants to change a failed question before asking it again. */
  onEdit(turn: Turn, files: readonly Attachment[]): void;
  /** The user wants to edit an answered question; the next ask is to replace it. */
  onRevise(turn: Turn): void;
  /** The user has chosen a question that the engine suggests. */
  onSuggested(question: string): void;
  /** The user has asked a failed question again. */
  onAgain(turn: Turn): void;
  /** The user wants to see a page of a file. `answer` is the sentence that cites the page. */
  onOpen(file: Viewed, page: number, answer: string): void;
  /** It turned out that no question about this file can be answered. */
  onUnfit(file: Attachment): void;
  /** The log has been read. `files`: the files of the last question that had files. */
  onRead(conversation: string, files: readonly Attachment[]): void;
}

/** Shows a conversation on the page. Changes are collected and drawn once per frame. */
export function createConversationView(
  { frame, relay, tab }: { frame: Frame; relay: Relay; tab: Tab },
  on: ViewListener,
): ConversationView {
  const turns = frame.find("turns", HTMLOListElement);
  const scrolling = followEnd(frame, turns, frame.find("newest", HTMLButtonElement));
  const own = createOwnAsks({
    conversation: () => view.conversation,
    onAsked(ask, accepted) {
      on.onAsked(ask, accepted);
      view.redraw.hurry();
      scrolling.toEnd();
    },
    onAgain: (turn) => on.onAgain(turn),
    edit: (turn) => on.onEdit(turn, own.files(turn)),
  });
  const empty = frame.find("empty", HTMLElement);
  const view: View = {
    announce: frame.find("announce", HTMLParagraphElement),
    own,
    tab,
    on,
    redraw: createRedraw(() => {
      list.show(view.gone, view.shown, relay.state !== "online");
      empty.hidden = view.shown.length + view.gone.length > 0;
      on.onRunning(view.shown.some((one) => !isOver(one)));
    }),
    shown: [],
    gone: [],
    conversation: undefined,
  };
  const list = listOf(turns, view);
  // A waiting ask shows whether there is a connection, so each change of the connection's state is drawn. The state
  // `online` is drawn later than the others, because many changes of the conversation follow while the log is read.
  const stopHearingState = relay.onState((state) => (state === "online" ? view.redraw.soon() : view.redraw.hurry()));

  return {
    open(id) {
      if (view.conversation?.id !== id) open(view, relay.conversation(id));
    },
    ask: own.ask,
    get turns() {
      return view.shown;
    },
    close() {
      stopHearingState();
      leave(view);
      list.show([], []);
    },
    stop() {
      // Asks of a conversation are answered one after another, so the first unfinished ask is the one being
      // answered, or else the first waiting one.
      const running = view.shown.find((one) => !isOver(one));
      if (running) stop(view, running);
    },
  };
}

interface View {
  readonly announce: HTMLParagraphElement;
  readonly own: OwnAsks;
  readonly tab: Tab;
  readonly on: ViewListener;
  readonly redraw: Redraw;
  shown: readonly Turn[];
  /** Turns that are shown although the server no longer has them. */
  gone: readonly Turn[];
  conversation: Conversation | undefined;
  stopHearing?: () => void;
}

function listOf(turns: HTMLOListElement, view: View): AskList {
  const { own, on } = view;
  const edit = (turn: Turn): void => on.onEdit(turn, own.files(turn));
  return createAskList(turns, {
    again: own.again,
    edit,
    revise(turn) {
      edit(turn);
      on.onRevise(turn);
    },
    regenerate: (turn) => void own.ask(turn.question, own.files(turn), turn.id),
    stop: (turn) => stop(view, turn),
    feedback: async (turn, verdict, word) => view.conversation?.feedback(turn.id, verdict, word),
    open(turn, index, page) {
      const file = turn.files[index];
      if (!file) return;
      const given = own.given(turn.id)?.[index];
      const [local, password] = [given instanceof File ? given : undefined, given && own.passwordOf(given)];
      on.onOpen({ ...file, upload: file.upload, local, password }, page, turn.text);
    },
    suggest: (question) => on.onSuggested(question),
  });
}

function stop({ own, redraw }: View, turn: Turn): void {
  own.stop(turn);
  redraw.hurry();
}

function leave({ stopHearing, conversation }: View): void {
  stopHearing?.();
  conversation?.close();
}

function open(view: View, opened: Conversation): void {
  const { own, redraw, on, announce, tab } = view;
  leave(view);
  own.clear();
  view.gone = [];
  view.conversation = opened;
  view.shown = opened.turns;
  redraw.reading(opened.ready); // Removes the turns of the previous conversation from the page.
  view.stopHearing = opened.onTurns(() => change(view));
  opened.ready.then(
    () => on.onRead(opened.id, filesOf(opened.turns.findLast((turn) => turn.files.length > 0))),
    (error: unknown) => {
      if (error instanceof RelayError) announce.textContent = wordsFor(error.wire).what;
    },
  );
  tab.about(view.shown[0]?.question ?? "");
}

/** Takes the conversation's current turns and announces what has changed. */
function change(view: View): void {
  const { announce, tab, redraw } = view;
  const before = new Map(view.shown.map((turn) => [turn.id, turn]));
  const next = view.conversation?.turns ?? [];
  const lost = goneTurns(view.gone, view.shown, next);
  if (lost.length > view.gone.length) announce.textContent = say("gone");
  view.gone = lost;
  view.shown = next;
  if (next.length > 0) void loadParser(); // The parser loads while the rest of a long log is read.
  tab.about((lost[0] ?? next[0])?.question ?? "");
  for (const turn of next) if (before.get(turn.id) !== turn) changed(view, before.get(turn.id), turn);
  redraw.soon();
}

function changed({ announce, tab, own, on }: View, before: Turn | undefined, now: Turn): void {
  const words = announcementOf(before, now);
  if (words !== undefined) announce.textContent = words;
  if (before && !isOver(before) && isOver(now)) tab.ended(now, now.error && wordsFor(now.error.wire).what);
  if (now.state !== "failed" || before?.state === "failed" || !now.error) return;
  const file = own.given(now.id)?.[now.error.wire.file ?? -1];
  if (file && isUnfit(now.error.code, file)) on.onUnfit(file);
}

/** Whether no question about the file can be answered: the file itself is at fault, or the server no longer has it. */
function isUnfit(code: RelayFault["code"], file: Attachment): boolean {
  if (code === "NOT_FOUND") return !(file instanceof File);
  return code !== "PDF_ENCRYPTED" && (code.startsWith("FILE_") || code.startsWith("PDF_"));
}

import { isOver, newId, RelayError, type Answer, type Conversation, type Relay, type Turn } from "@docrelay/client";
import type { ErrorCode } from "@docrelay/protocol";
import type { Attachment } from "./attachment.ts";
import { announcementOf } from "./announcement.ts";
import { createAskList } from "./ask-list.ts";
import { byId } from "./element.ts";
import { wordsFor } from "./words.ts";

export interface ConversationView {
  open(id: string): void;
  /** Asks in the open conversation. Returns false, and does nothing, when none is open. */
  ask(message: string, files: readonly Attachment[]): boolean;
  /** Stops the newest answer that is on its way. */
  stop(): void;
}

const NEAR_BOTTOM = 120;

/** The conversation on the page: changes come in, and what they changed is drawn once per frame. */
export function createConversationView(
  relay: Relay,
  on: {
    onRunning(running: boolean): void;
    /** An ask is accepted: the server has its files. */
    onStored(files: readonly Attachment[]): void;
    /** A file cannot be asked about, whatever the question. */
    onUnfit(file: Attachment): void;
  },
): ConversationView {
  const list = createAskList(byId("log", HTMLOListElement), { again });
  const empty = byId("empty", HTMLElement);
  const announce = byId("announce", HTMLParagraphElement);
  /** Files of asks sent from this page, for asking again. */
  const files = new Map<string, readonly Attachment[]>();
  const answers = new Map<string, Answer>();
  /** Passwords that were typed, for as long as the page is open: the next question about the file needs them again. */
  const passwords = new WeakMap<Attachment, string>();
  let shown: readonly Turn[] = [];
  let conversation: Conversation | undefined;
  let stopHearing: (() => void) | undefined;
  let frame = 0;

  function change(): void {
    const before = new Map(shown.map((turn) => [turn.id, turn]));
    shown = conversation?.turns ?? [];
    for (const turn of shown) if (before.get(turn.id) !== turn) changed(before.get(turn.id), turn);
    frame ||= requestAnimationFrame(draw);
  }

  function changed(before: Turn | undefined, now: Turn): void {
    const words = announcementOf(before, now);
    if (words !== undefined) announce.textContent = words;
    if (now.state !== "failed" || before?.state === "failed" || !now.error) return;
    const file = files.get(now.id)?.[now.error.wire.file ?? -1];
    if (file && isUnfit(now.error.code, file)) on.onUnfit(file);
  }

  function draw(): void {
    frame = 0;
    const page = document.documentElement;
    const follow = page.scrollHeight - page.scrollTop - page.clientHeight < NEAR_BOTTOM;
    list.show(shown);
    empty.hidden = shown.length > 0;
    on.onRunning(shown.some((one) => !isOver(one)));
    if (follow) page.scrollTop = page.scrollHeight;
  }

  function ask(message: string, chosen: readonly Attachment[]): boolean {
    if (!conversation) return false;
    const id = newId();
    files.set(id, chosen);
    const known = chosen.flatMap((file, index) => {
      const password = passwords.get(file);
      return password === undefined ? [] : [[index, password] as const];
    });
    const answer = conversation.ask(message, {
      id,
      files: chosen,
      passwords: new Map(known),
    });
    answers.set(id, answer);
    answer.accepted.then(
      () => on.onStored(chosen),
      () => undefined, // Its turn says why.
    );
    document.documentElement.scrollTop = document.documentElement.scrollHeight;
    return true;
  }
  function again(failed: Turn, protectedBy?: { file: number; password: string }): void {
    const chosen = files.get(failed.id);
    if (!chosen && failed.files.length > 0) {
      announce.textContent = "Attach the file again, then ask.";
      byId("attach", HTMLButtonElement).click();
      return;
    }
    const file = chosen?.[protectedBy?.file ?? -1];
    if (file && protectedBy) passwords.set(file, protectedBy.password);
    ask(failed.question, chosen ?? []);
  }

  return {
    open(id) {
      if (conversation?.id === id) return;
      stopHearing?.();
      conversation?.close();
      files.clear();
      answers.clear();
      conversation = relay.conversation(id);
      stopHearing = conversation.onTurns(change);
      conversation.ready.catch((error: unknown) => {
        if (error instanceof RelayError) announce.textContent = wordsFor(error.wire).what;
      });
      shown = conversation.turns;
      frame ||= requestAnimationFrame(draw);
    },
    ask: (message, chosen) => ask(message, chosen),
    stop() {
      const running = shown.findLast((one) => !isOver(one));
      if (!running) return;
      const ending = answers.get(running.id)?.cancel() ?? conversation?.cancel(running.id);
      ending?.catch(() => undefined); // Whether the ask has ended shows in the log.
    },
  };
}

/** Tells whether no question about the file can be answered: it is at fault itself, or no longer there. */
function isUnfit(code: ErrorCode, file: Attachment): boolean {
  if (code === "NOT_FOUND") return !(file instanceof File);
  return code !== "PDF_ENCRYPTED" && (code.startsWith("FILE_") || code.startsWith("PDF_"));
}

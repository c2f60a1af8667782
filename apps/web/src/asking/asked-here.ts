import { RelayError } from "@docrelay/client";
import type { ViewListener } from "../conversation-view.ts";
import type { Unsent } from "../drafts/unsent.ts";
import type { Attachment } from "../files/attachment.ts";
import { uploadOf, type PageUploads } from "../files/page-uploads.ts";
import type { QuotaLine } from "../composing/quota-line.ts";

/** The questions that were asked on this page. */
export interface AskedHere {
  add: ViewListener["onAsked"];
  /**
   * Whether the file was sent with a question of this page. If so, the file's errors are shown at that question, and
   * not in the composer.
   */
  has(file: Attachment): boolean;
  /**
   * The asks that the server has not acknowledged yet: by id, the names of their files. They are sent even if the user
   * goes to another conversation.
   */
  readonly going: ReadonlyMap<string, readonly string[]>;
}

export function createAskedHere(deps: {
  readonly unsent: Unsent;
  readonly quotaLine: QuotaLine;
  readonly uploads: PageUploads;
}): AskedHere {
  const { unsent, quotaLine, uploads } = deps;
  const asked = new WeakSet<Attachment>();
  const going = new Map<string, readonly string[]>();

  return {
    add({ conversation, id, question, files }, accepted) {
      for (const file of files) asked.add(file);
      const names = files.map(({ name }) => name);
      going.set(id, names);
      // The SDK's outbox, which survives a reload, has the question only if all its files are uploaded. Otherwise
      // `unsent` holds the question.
      if (files.some((file) => uploadOf(uploads, file) === undefined)) unsent.hold(conversation, id, question);
      accepted
        .finally(() => going.get(id) === names && going.delete(id))
        .then(
          () => {
            unsent.release(id);
            quotaLine.used(false);
          },
          (error: unknown) => {
            quotaLine.used(error instanceof RelayError && error.code === "QUOTA_EXCEEDED");
            // The user stopped the ask, so a reload must not bring the question back.
            if (error instanceof DOMException) unsent.release(id);
            else unsent.hold(conversation, id, question);
          },
        );
    },
    has: (file) => asked.has(file),
    going,
  };
}

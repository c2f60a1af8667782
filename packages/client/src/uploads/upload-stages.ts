import type { UploadStatus } from "../wire/contract.ts";
import { tellAll } from "../tell-all.ts";
import type { Link } from "../link/link.ts";

export type UploadListener = (status: UploadStatus) => void;

/**
 * Follows uploads until they are ready or have failed. Hints may be lost, so the server is asked for the stages again
 * after each reconnect.
 */
export interface UploadStages {
  /**
   * Calls the listener with the current stage of an upload, and with each later one. Returns a function that removes
   * the listener.
   */
  follow(upload: string, listener: UploadListener): () => void;
  hear(status: UploadStatus): void;
  /** Asks the server again for the stages of all followed uploads, because hints may have been lost. */
  askAgain(): void;
}

export function createUploadStages(link: Pick<Link, "call" | "onState" | "state" | "welcome">): UploadStages {
  const followed = new Map<string, Set<UploadListener>>();

  function hear(status: UploadStatus): void {
    const { upload, stage } = status;
    const listeners = followed.get(upload) ?? [];
    if (stage === "ready" || stage === "failed") followed.delete(upload);
    tellAll(listeners, (listener) => listener(status));
  }
  function ask(upload: string): void {
    if (link.state !== "online" || !link.welcome?.features?.includes("upload:status")) return;
    link.call("upload:status", { upload }).then(
      ({ ok: _, ...status }) => hear(status),
      () => undefined, // an error here means that the user has no such upload
    );
  }
  function askAgain(): void {
    for (const upload of followed.keys()) ask(upload);
  }
  link.onState((state) => {
    if (state === "online") askAgain();
  });

  return {
    follow(upload, listener) {
      const listeners = followed.get(upload) ?? new Set();
      followed.set(upload, listeners.add(listener));
      ask(upload);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0 && followed.get(upload) === listeners) followed.delete(upload);
      };
    },
    hear,
    askAgain,
  };
}

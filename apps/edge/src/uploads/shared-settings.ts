import { readProfile, readSecret, type Store } from "@docrelay/channel";

/** Settings that all edges of a deployment share through Redis. */
export interface SharedSettings {
  /** The secret of digests and text keys. @throws ioredis errors. */
  secret(): Promise<string>;
  /** The current profile of the extract workers; part of every text key. */
  profile(): Promise<string>;
  /** Drops the cached values: after a reconnect Redis may have lost its data. */
  forget(): void;
}

const PROFILE_FRESH_MS = 2000;

export function createSharedSettings(store: Store, now: () => number = Date.now): SharedSettings {
  let secret: string | undefined;
  let profile: { readonly at: number; readonly value: string } | undefined;
  return {
    async secret() {
      return (secret ??= await readSecret(store));
    },
    async profile() {
      if (!profile || now() - profile.at > PROFILE_FRESH_MS) profile = { at: now(), value: await readProfile(store) };
      return profile.value;
    },
    forget() {
      secret = undefined;
      profile = undefined;
    },
  };
}

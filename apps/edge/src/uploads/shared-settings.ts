import { readProfile, readSecret, type Store } from "@docrelay/channel";

/** What all edges of a deployment agree on through Redis. */
export interface SharedSettings {
  /** Keys digests and text keys. @throws what ioredis throws. */
  secret(): Promise<string>;
  /** How the extract workers extract now: part of every text's key. */
  profile(): Promise<string>;
  /** Redis came back, perhaps without what it knew. */
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

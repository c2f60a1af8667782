import { readProfile, shareSecret, type SharedSecret, type Store } from "@docrelay/channel";

/**
 * Which users share the text of a PDF that several of them send, so that it is extracted once. `user`: no user shares
 * texts; `tenant`: the users of one tenant share them; `all`: all users share them. With `tenant`, a user without a
 * tenant shares with no other user.
 */
export type TextScope = "user" | "tenant" | "all";

/** Settings that all edges of a deployment share through Redis. */
export interface SharedSettings {
  /** Returns the secret from which digests and text keys are computed. @throws ioredis errors. */
  secret(): Promise<string>;
  /**
   * Returns the name that keeps a user's text keys apart from those of other users: the user's or the tenant's;
   * undefined if all users share text keys.
   */
  scopeOf(user: string): string | undefined;
  /** Returns the current profile of the extract workers, which is part of every text key. */
  profile(): Promise<string>;
  /** Drops the cached profile: after a reconnect, Redis may have another one. */
  forget(): void;
  /** Stores the secret again if Redis has lost it; resolves with whether Redis had lost it. @throws ioredis errors. */
  restore(): Promise<boolean>;
}

export interface SharedSettingsOptions {
  readonly textScope?: TextScope;
  readonly tenantOf?: (user: string) => string | undefined;
  readonly now?: () => number;
}

const PROFILE_FRESH_MS = 2000;

export function createSharedSettings(
  store: Store,
  { textScope = "user", tenantOf = () => undefined, now = () => performance.now() }: SharedSettingsOptions = {},
): SharedSettings {
  let secret: SharedSecret | undefined;
  let profile: { readonly at: number; readonly value: string } | undefined;
  return {
    async secret() {
      return (secret ??= await shareSecret(store, "digest")).current;
    },
    scopeOf(user) {
      if (textScope === "all") return undefined;
      const tenant = textScope === "tenant" ? tenantOf(user) : undefined;
      return tenant === undefined ? user : `tenant\0${tenant}`; // no user's name contains `\0`
    },
    async profile() {
      if (!profile || now() - profile.at > PROFILE_FRESH_MS) profile = { at: now(), value: await readProfile(store) };
      return profile.value;
    },
    forget: () => void (profile = undefined),
    restore: async () => (await secret?.sync()) ?? false,
  };
}

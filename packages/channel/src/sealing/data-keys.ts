import { hkdfSync } from "node:crypto";

export const KEY_ID_BYTES = 4;
const SUB_KEYS_KEPT = 1024;

/** One item of `DATA_KEY`. What is derived from it does not give it away. */
export interface DataKey {
  /** Says which key a sealed text needs. */
  readonly id: Buffer;
  /** For salts that are made from texts. */
  readonly sameSecret: Buffer;
  /** The key of AES-256 for a salt. */
  subKey(salt: Buffer): Buffer;
}

export interface DataKeys {
  /** Encrypts; undefined when data are stored as they are. */
  readonly current: DataKey | undefined;
  find(id: Buffer): DataKey | undefined;
}

export function createDataKeys(secrets: readonly string[]): DataKeys {
  const [first = "", ...others] = secrets;
  const current = first === "" ? undefined : createDataKey(first);
  const all = [...(current ? [current] : []), ...others.filter(Boolean).map(createDataKey)];
  return { current, find: (id) => all.find((key) => key.id.equals(id)) };
}

function createDataKey(secret: string): DataKey {
  const subKeys = new Map<string, Buffer>();
  return {
    id: derive(secret, "", { info: "docrelay key id", bytes: KEY_ID_BYTES }),
    sameSecret: derive(secret, "", { info: "docrelay same text", bytes: 32 }),
    subKey(salt) {
      const name = salt.toString("latin1");
      let key = subKeys.get(name);
      if (!key) {
        key = derive(secret, salt, { info: "docrelay data", bytes: 32 });
        // A process reads what some others have written: all their salts fit.
        if (subKeys.size >= SUB_KEYS_KEPT) subKeys.delete(subKeys.keys().next().value ?? "");
        subKeys.set(name, key);
      }
      return key;
    },
  };
}

function derive(secret: string, salt: string | Buffer, { info, bytes }: { info: string; bytes: number }): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, salt, info, bytes));
}

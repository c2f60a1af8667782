import { hkdfSync } from "node:crypto";

export const KEY_ID_BYTES = 4;
const SUB_KEYS_KEPT = 1024;

/** One item of `DATA_KEY`. Neither the id nor the derived keys reveal the item. */
export interface DataKey {
  /** The id of this key. It is stored with all data that this key encrypts. */
  readonly id: Buffer;
  /** The secret from which `sealSameText` derives a salt for a text. */
  readonly sameSecret: Buffer;
  /** Derives an AES-256 key from this item of `DATA_KEY` and a salt. */
  subKey(salt: Buffer): Buffer;
}

export interface DataKeys {
  /** The key that encrypts new data; undefined when new data are stored unencrypted. */
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
        // The map is bounded: its oldest sub-key is dropped. Most data that a process reads were encrypted by a few
        // processes, each with one salt, so most sub-keys are found in the map.
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

import { hkdfSync } from "node:crypto";

export const KEY_ID_BYTES = 4;
const SUB_KEYS_KEPT = 1024;

/** One item of `DATA_KEY`. The derived values below do not reveal the item. */
export interface DataKey {
  /** The id of the key, which is stored with a sealed text. */
  readonly id: Buffer;
  /** The secret for salts that are derived from texts. */
  readonly sameSecret: Buffer;
  /** Derives an AES-256 key from a salt. */
  subKey(salt: Buffer): Buffer;
}

export interface DataKeys {
  /** The key that encrypts; undefined when data are stored unencrypted. */
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
        // A process reads data of only a few other processes, so their salts normally all fit.
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

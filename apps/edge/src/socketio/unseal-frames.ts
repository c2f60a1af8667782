import { isSealed, parseFrame, type Frame, type Sealing } from "@docrelay/channel";
import type { createShardedAdapter } from "@socket.io/redis-adapter";

type AdapterFactory = ReturnType<typeof createShardedAdapter>;

/** What is used of the adapter beyond its types; a test with a real edge notices when it changes. */
interface Receiver {
  onRawMessage(raw: Buffer, channel: Buffer): void;
  onMessage(message: Frame): void;
}

/**
 * The adapter, which decrypts events before it sends them to the sockets of this edge. An event that cannot be decrypted is
 * dropped: its readers find the gap, read the log, and hear the error there.
 */
export function unsealFrames(create: AdapterFactory, sealing: Sealing | undefined): AdapterFactory {
  if (!sealing) return create;
  // Called with `new`.
  return function unsealing(namespace) {
    const adapter = create(namespace);
    const receiver = adapter as unknown as Receiver;
    const receive = receiver.onRawMessage.bind(adapter);
    receiver.onRawMessage = (raw, channel) => {
      if (!isSealed(raw)) return receive(raw, channel);
      const frame = parseFrame(raw, sealing);
      if (frame) receiver.onMessage(frame);
    };
    return adapter;
  };
}

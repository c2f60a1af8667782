import { isSealed, parseFrame, type Frame, type Sealing } from "@docrelay/channel";
import type { createShardedAdapter } from "@socket.io/redis-adapter";

type AdapterFactory = ReturnType<typeof createShardedAdapter>;

/**
 * Private methods of the Socket.IO adapter that are used here; a test with a real edge fails if a version of the
 * adapter changes them.
 */
interface Receiver {
  onRawMessage(raw: Buffer, channel: Buffer): void;
  onMessage(message: Frame): void;
}

/**
 * Wraps the Socket.IO adapter, so that it decrypts published events before it sends them to the sockets of this edge.
 * An event that cannot be decrypted is dropped: its readers notice the gap, read the log, and get the error from that
 * read.
 */
export function unsealFrames(create: AdapterFactory, sealing: Sealing | undefined): AdapterFactory {
  if (!sealing) return create;
  // This is not an arrow function, because Socket.IO calls it with `new`.
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

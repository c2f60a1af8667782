import { Command, type Cluster, type Redis } from "ioredis";
import { EventEmitter } from "node:events";
import type { RedisAddress } from "../redis-settings.ts";

export interface ClusterSubscriberOptions {
  /** The connection that knows which node has which slots. It is closed together with the subscriber. */
  readonly slots: Cluster;
  /** Opens a connection that reconnects for ever. The connection must not subscribe to anything by itself. */
  connect(address: RedisAddress): Redis;
}

type Kind = "ssubscribe" | "subscribe";

interface Subscription {
  readonly kind: Kind;
  readonly channel: string;
  readonly slot: number;
  /** The node at which the subscription is active or was requested; undefined when there is none. */
  node: string | undefined;
  isConfirmed: boolean;
  /** A promise that settles when the subscription is confirmed or given up. */
  answer: PromiseWithResolvers<void>;
  /** The number of the current try to subscribe. Replies to earlier tries are ignored. */
  tries: number;
}

const AGAIN_MS = 100;
/**
 * How often, in ms, the slots are read while a subscription is not confirmed. So a replica that has taken over is
 * found.
 */
const SEARCH_MS = 500;
const MESSAGES: ReadonlySet<string | symbol> = new Set(["message", "smessage", "smessageBuffer"]);
/**
 * Matches errors after which a retry is useless, because an operator has to change the Redis user's rights or password.
 */
const FINAL = /^(NOPERM|NOAUTH|WRONGPASS)/;

/**
 * Subscriptions in a cluster. A sharded channel is subscribed at the master of its slot, a plain one at any master.
 * When a connection is lost, a slot moves or a replica takes over, the channels of that node are subscribed at their
 * new node. The event `back` names these channels: messages on them may have been lost. No messages on other channels
 * were lost.
 *
 * ioredis's own sharded subscribers are not used: those of version 6 do not report which channels were lost, nor when
 * they are subscribed again; they look for a lost node only every 2.5 s, and keep a repeated subscription twice.
 */
export class ClusterSubscriber extends EventEmitter {
  status: "connecting" | "ready" | "end" = "connecting";
  readonly #slots: Cluster;
  readonly #connect: ClusterSubscriberOptions["connect"];
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #nodes = new Map<string, Redis>();
  #searching: NodeJS.Timeout | undefined;
  #back: Set<Subscription> | undefined;

  constructor({ slots, connect }: ClusterSubscriberOptions) {
    super();
    this.setMaxListeners(0);
    this.#slots = slots;
    this.#connect = connect;
    slots.once("ready", () => {
      if (this.status === "end") return;
      this.status = "ready";
      for (const one of this.#subscriptions.values()) this.#place(one);
      this.emit("ready");
    });
    slots.on("refresh", () => {
      for (const one of this.#subscriptions.values()) if (!this.#isAtItsNode(one)) this.#place(one);
      this.#closeIdle();
    });
    // Messages are converted to strings only if a listener needs strings.
    this.on("newListener", (event) => {
      if (MESSAGES.has(event) && this.listenerCount(event) === 0)
        for (const redis of this.#nodes.values()) this.#forward(redis, event);
    });
  }

  ssubscribe(channel: string | Buffer): Promise<void> {
    return this.#subscribe("ssubscribe", channel.toString());
  }

  subscribe(channel: string): Promise<void> {
    return this.#subscribe("subscribe", channel);
  }

  async sunsubscribe(channel: string | Buffer): Promise<void> {
    const one = this.#subscriptions.get(idOf("ssubscribe", channel.toString()));
    if (!one) return;
    this.#subscriptions.delete(idOf(one.kind, one.channel));
    one.answer.resolve();
    const redis = this.#nodes.get(one.node ?? "");
    if (redis?.status === "ready") await redis.sunsubscribe(one.channel);
  }

  disconnect(): void {
    this.status = "end";
    clearInterval(this.#searching);
    this.#slots.disconnect();
    for (const redis of this.#nodes.values()) redis.disconnect();
    for (const one of this.#subscriptions.values()) this.#drop(one, new Error("Connection is closed."));
  }

  #subscribe(kind: Kind, channel: string): Promise<void> {
    const known = this.#subscriptions.get(idOf(kind, channel));
    if (known) return known.answer.promise;
    if (this.status === "end") return Promise.reject(new Error("Connection is closed."));
    const slot = new Command("ssubscribe", [channel]).getSlot() ?? 0;
    const one = { kind, channel, slot, node: undefined, isConfirmed: false, answer: pending(), tries: 0 };
    this.#subscriptions.set(idOf(kind, channel), one);
    this.#place(one);
    return one.answer.promise;
  }

  /**
   * Requests a subscription at the node where it belongs. What happens next is decided by the node's reply, by a change
   * of the node's connection, or when the slots are read next.
   */
  #place(one: Subscription): void {
    if (!this.#has(one)) return;
    this.#unconfirm(one);
    const before = one.node;
    one.node = this.status === "ready" ? this.#nodeFor(one) : undefined;
    this.#search();
    if (before !== one.node) this.#leave(one, before);
    if (one.node === undefined) return;
    const redis = this.#open(one.node);
    // Without a connection nothing is sent: ioredis would keep the command and send it again at each reconnect.
    if (redis.status !== "ready") return;
    const { tries } = one;
    const isPresent = (): boolean => one.tries === tries && this.#has(one);
    redis[one.kind](one.channel).then(
      () => {
        if (!isPresent()) return;
        one.isConfirmed = true;
        one.answer.resolve();
      },
      (error: Error) => {
        if (!isPresent()) return;
        if (FINAL.test(error.message)) this.#drop(one, error);
        else if (this.#learn(error)) this.#follow(one, redis);
        else setTimeout(() => void (isPresent() && this.#place(one)), AGAIN_MS);
      },
    );
  }

  /**
   * Requests the subscription at the node that a MOVED reply has named. If the reply names the node that was asked, the
   * connection has reached another node under the name of this one, so it is closed and opened again.
   */
  #follow(one: Subscription, redis: Redis): void {
    if (this.#nodeFor(one) === one.node) redis.disconnect(true);
    else this.#place(one);
  }

  #has(one: Subscription): boolean {
    return this.#subscriptions.get(idOf(one.kind, one.channel)) === one;
  }

  #drop(one: Subscription, error: Error): void {
    this.#subscriptions.delete(idOf(one.kind, one.channel));
    one.answer.reject(error);
  }

  #leave(one: Subscription, node: string | undefined): void {
    const redis = this.#nodes.get(node ?? "");
    if (redis?.status !== "ready") return;
    const left = one.kind === "ssubscribe" ? redis.sunsubscribe(one.channel) : redis.unsubscribe(one.channel);
    left.catch(() => undefined); // an error here means that the connection has ended, and its subscriptions with it
  }

  #unconfirm(one: Subscription): void {
    one.tries++;
    if (!one.isConfirmed) return;
    one.isConfirmed = false;
    one.answer = pending();
    this.#tellWhenBack(one);
  }

  /**
   * Notes that a channel was lost. Emits `back` once for all channels that were lost together, when all of them are
   * subscribed again.
   */
  #tellWhenBack(one: Subscription): void {
    if (this.#back) return void this.#back.add(one);
    const these = (this.#back = new Set([one]));
    setTimeout(() => {
      this.#back = undefined;
      void Promise.allSettled([...these].map(({ answer }) => answer.promise)).then(() => {
        const channels = [...these].filter((each) => this.#has(each)).map(({ channel }) => channel);
        if (channels.length > 0 && this.status === "ready") this.emit("back", new Set(channels));
      });
    }, 0);
  }

  #isAtItsNode({ kind, slot, node = "" }: Subscription): boolean {
    return kind === "ssubscribe" ? this.#slots.slots[slot]?.[0] === node : this.#masters().has(node);
  }

  #masters(): Set<string> {
    return new Set(this.#slots.slots.flatMap(([master]) => (master === undefined ? [] : [master])));
  }

  #nodeFor({ kind, slot, node }: Subscription): string | undefined {
    if (kind === "ssubscribe") return this.#slots.slots[slot]?.[0];
    // Any master delivers messages of a plain channel. A connected master is preferred; if none is connected, a master
    // other than the subscription's last one is taken.
    const all = [...this.#masters()];
    const live = all.filter((one) => this.#nodes.get(one)?.status === "ready");
    const others = all.filter((one) => one !== node);
    const from = live.length > 0 ? live : others.length > 0 ? others : all;
    return from[Math.floor(Math.random() * from.length)];
  }

  #open(node: string): Redis {
    const known = this.#nodes.get(node);
    if (known) return known;
    const colon = node.lastIndexOf(":");
    const redis = this.#connect({ host: node.slice(0, colon), port: Number(node.slice(colon + 1)) });
    this.#nodes.set(node, redis);
    for (const event of MESSAGES) if (this.listenerCount(event) > 0) this.#forward(redis, event);
    redis.on("ready", () => this.#each(node, (one) => this.#place(one)));
    redis.on("close", () => {
      this.#each(node, (one) => this.#unconfirm(one));
      this.#search();
    });
    // The node has given up a slot, and does not report which channels were in the slot. So all channels of the node
    // are requested again.
    let isNoted = false;
    redis.on("moved", () => {
      if (isNoted) return;
      isNoted = true;
      setTimeout(() => {
        isNoted = false;
        this.#each(node, (one) => this.#confirmAgain(redis, one));
      }, 0);
    });
    return redis;
  }

  #forward(redis: Redis, event: string | symbol): void {
    redis.on(event, (channel: unknown, message: unknown) => void this.emit(event, channel, message));
  }

  #each(node: string, call: (one: Subscription) => void): void {
    for (const one of this.#subscriptions.values()) if (one.node === node) call(one);
  }

  #confirmAgain(redis: Redis, one: Subscription): void {
    if (one.kind !== "ssubscribe" || !one.isConfirmed) return;
    const { tries } = one;
    redis.ssubscribe(one.channel).catch((error: Error) => {
      if (one.tries === tries && this.#learn(error)) this.#follow(one, redis);
    });
  }

  /**
   * If the error is a MOVED reply, notes the node that it names as the node of its slot, and returns true. The slots
   * are not read from other nodes, because these may not know of the move yet.
   */
  #learn({ message }: Error): boolean {
    const [, slot, node] = /^MOVED (\d+) (\S+)/.exec(message) ?? [];
    if (node === undefined || !this.#slots.slots[Number(slot)]) return false;
    this.#slots.slots[Number(slot)] = [node];
    return true;
  }

  /** Reads the slots every `SEARCH_MS` while any subscription is not confirmed. */
  #search(): void {
    this.#searching ??= setInterval(() => {
      const missing = [...this.#subscriptions.values()].filter(({ isConfirmed }) => !isConfirmed);
      if (missing.length === 0) {
        clearInterval(this.#searching);
        this.#searching = undefined;
        return;
      }
      this.#slots.refreshSlotsCache();
      // A subscription that was requested waits for its node's reply, however late the reply comes. Only the
      // subscription to a plain channel, which any master delivers, is requested at another node if the connection to
      // its node is not ready.
      for (const one of missing) if (one.node === undefined || this.#mayMove(one)) this.#place(one);
    }, SEARCH_MS);
  }

  #mayMove({ kind, node = "" }: Subscription): boolean {
    return kind === "subscribe" && this.#nodes.get(node)?.status !== "ready";
  }

  /** Closes connections to nodes that have neither slots nor subscriptions any more. */
  #closeIdle(): void {
    const used = new Set([...this.#subscriptions.values()].map(({ node }) => node));
    const masters = this.#masters();
    for (const [node, redis] of this.#nodes) {
      if (masters.has(node) || used.has(node)) continue;
      this.#nodes.delete(node);
      redis.disconnect();
    }
  }
}

const idOf = (kind: Kind, channel: string): string => `${kind} ${channel}`;

/** Makes a promise that may reject without being handled. */
function pending(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  made.promise.catch(() => undefined);
  return made;
}

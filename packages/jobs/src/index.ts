export { JOB_VERSION, MAX_PRIORITY, type ExtractJob } from "./catalogue.ts";
export { createProducer, type Producer, type ProducerOptions } from "./producer.ts";
export { consumeExtracts, type Consumer, type ConsumerOptions } from "./consumer.ts";
export type { Disposition } from "./disposition.ts";
export { JobsError } from "./error.ts";

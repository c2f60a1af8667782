export { JOB_VERSION, MAX_PRIORITY, type ExtractJob, type WakeJob } from "./catalogue.ts";
export { createProducer, type Producer, type ProducerOptions } from "./producer.ts";
export { consumeExtracts, consumeWakes, type Consumer, type ConsumerOptions, type Disposition } from "./consumer.ts";
export { JobsError } from "./error.ts";

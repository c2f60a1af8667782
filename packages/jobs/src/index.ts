export { JOB_VERSION, MAX_PRIORITY, type ExtractJob } from "./catalogue.ts";
export { createProducer, type Producer, type ProducerOptions } from "./producer.ts";
export { consumeExtracts, type Consumer, type ConsumerOptions, type Disposition } from "./consumer.ts";
export { JobsError } from "./error.ts";

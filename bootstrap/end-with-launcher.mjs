// Loaded with `--import` by a launcher that opens an IPC channel: this process ends when the launcher ends, however.
process.once("disconnect", () => process.exit(1));
process.channel?.unref(); // listening to the channel must not keep a finished process alive

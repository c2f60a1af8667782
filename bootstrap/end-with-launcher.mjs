// A launcher that opens an IPC channel loads this module into its child with `--import`: the child then ends when the
// launcher ends, in whatever way.
process.once("disconnect", () => process.exit(1));
process.channel?.unref(); // listening to the channel must not keep a finished process alive

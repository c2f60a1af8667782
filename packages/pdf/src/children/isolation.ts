import type { CoreWatch, Wrapper } from "./core-watch.ts";

/** The user "nobody", which owns no files. Linux distributions reserve this number for it. */
const NOBODY = "65534";
const UNSHARE = "/usr/bin/unshare";
const SETPRIV = "/usr/bin/setpriv";
/**
 * The kernel kills the child when this process dies. A child in an endless loop does not notice that the channel to its
 * parent has closed, and then nothing watches its time and memory. This option must be the last one, because a change
 * of the user would undo it.
 */
const DIE_WITH_PARENT = ["--pdeathsig", "KILL"];
const NO_NEW_RIGHTS = ["--no-new-privs", "--inh-caps=-all"];

/**
 * Programs of util-linux that start a child with fewer rights, from the strictest to the mildest. Which of them is
 * permitted depends on the system: only root can change the user, and containers often refuse new namespaces.
 */
const WRAPPERS: readonly Wrapper[] = [
  // Another user, without any capability, in a network namespace without a network.
  [
    UNSHARE,
    "--net",
    SETPRIV,
    ...["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--bounding-set=-all"],
    ...[...NO_NEW_RIGHTS, ...DIE_WITH_PARENT],
  ],
  // The same user, in a network namespace without a network. A new user namespace gives the right to create the network
  // namespace.
  [UNSHARE, "--map-current-user", "--net", SETPRIV, ...NO_NEW_RIGHTS, ...DIE_WITH_PARENT],
  [SETPRIV, ...NO_NEW_RIGHTS, ...DIE_WITH_PARENT],
];

/**
 * Returns the strictest wrapper that the system permits and with which a child can read `files`; undefined if there is
 * none. A child without a wrapper has the limits of Node's permission model only, and those of `child/sandbox.ts`.
 */
export function strictestWrapper(coreWatch: CoreWatch, files: readonly string[]): Wrapper | undefined {
  return WRAPPERS.find((wrapper) => coreWatch.supports(wrapper, files));
}

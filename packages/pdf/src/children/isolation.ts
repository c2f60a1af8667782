import type { CoreWatch, Wrapper } from "./core-watch.ts";

/** The user "nobody". Linux distributions reserve this number for a user that owns no files. */
const NOBODY = "65534";
const UNSHARE = "/usr/bin/unshare";
const SETPRIV = "/usr/bin/setpriv";
/**
 * With these options the kernel kills the child when this process ends. A child in an endless loop would not notice
 * this end, and nothing would limit its time and memory. These options must come last, because a change of the user
 * would undo them.
 */
const DIE_WITH_PARENT = ["--pdeathsig", "KILL"];
const NO_NEW_RIGHTS = ["--no-new-privs", "--inh-caps=-all"];

/**
 * Wrappers that start a child with fewer rights, the strictest first. The system may refuse some of them: only root can
 * change the user, and containers often refuse new namespaces.
 */
const WRAPPERS: readonly Wrapper[] = [
  // The child has another user, no capabilities and no network.
  [
    UNSHARE,
    "--net",
    SETPRIV,
    ...["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--bounding-set=-all"],
    ...[...NO_NEW_RIGHTS, ...DIE_WITH_PARENT],
  ],
  // The child has the same user, but no network. The new user namespace is what permits the new network namespace.
  [UNSHARE, "--map-current-user", "--net", SETPRIV, ...NO_NEW_RIGHTS, ...DIE_WITH_PARENT],
  [SETPRIV, ...NO_NEW_RIGHTS, ...DIE_WITH_PARENT],
];

/**
 * Returns the strictest wrapper that the system permits and with which a child can read `files`; undefined if there is
 * none. Without a wrapper, only Node's permission model and `child/sandbox.ts` limit what a child can do.
 */
export function strictestWrapper(coreWatch: CoreWatch, files: readonly string[]): Wrapper | undefined {
  return WRAPPERS.find((wrapper) => coreWatch.supports(wrapper, files));
}

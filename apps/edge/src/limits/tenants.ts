import { createNetworks, type Networks } from "./networks.ts";

/** The tenant of each connected user of this edge, by the claim of its token; a user without one has none. */
export interface Tenants extends Networks {
  /** Counts an accepted ask of a user for its tenant, with the bytes of its question and files. */
  asked(user: string, bytes: number): void;
  /** Gets these counts, under a tenant's label. */
  report(listener: (label: string, bytes: number) => void): void;
}

/** Tenants with a label of their own in metrics: each label is a time series for ever. */
const MAX_LABELS = 100;

export function createTenants(maxLabels: number = MAX_LABELS): Tenants {
  const members = createNetworks();
  const labels = new Set<string>();
  let tell: ((label: string, bytes: number) => void) | undefined;

  /** The first tenants keep their names; all that come when there are too many are `other` together. */
  function labelOf(tenant: string): string {
    if (labels.size < maxLabels) labels.add(tenant);
    return labels.has(tenant) ? tenant : "other";
  }

  return {
    join: (user, tenant) => members.join(user, tenant),
    of: (user) => members.of(user),
    asked(user, bytes) {
      const tenant = members.of(user);
      if (tenant !== undefined) tell?.(labelOf(tenant), bytes);
    },
    report(listener) {
      tell = listener;
    },
  };
}

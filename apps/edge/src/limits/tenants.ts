import { createNetworks, type Networks } from "./networks.ts";

/** The tenant of each user of this edge, as the user's token names it; a user may have none. */
export interface Tenants extends Networks {
  /** Must be called when an ask was accepted: reports it for the user's tenant. `bytes`: the size of the question. */
  asked(user: string, bytes: number): void;
  /** Sets the function that receives the reports of accepted asks; `label` names the tenant in metrics. */
  report(listener: (label: string, bytes: number) => void): void;
}

/** How many tenants get a label of their own in metrics: each label adds a time series that is never removed. */
const MAX_LABELS = 100;

export function createTenants(maxLabels: number = MAX_LABELS): Tenants {
  const members = createNetworks();
  const labels = new Set<string>();
  let tell: ((label: string, bytes: number) => void) | undefined;

  /** The first tenants get their own names as labels; all later tenants share the label `other`. */
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

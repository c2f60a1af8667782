import type { Graph } from "./import-graph.ts";

/**
 * Returns the cycles of a graph, each as the sorted list of all nodes that reach one another. It uses Tarjan's
 * algorithm for strongly connected components.
 */
export function cyclesOf(graph: Graph): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];

  function visit(node: string): number {
    const own = order.size;
    order.set(node, own);
    lowest.set(node, own);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      const reached = order.has(next) ? (stack.includes(next) ? (order.get(next) ?? own) : own) : visit(next);
      lowest.set(node, Math.min(lowest.get(node) ?? own, reached));
    }
    const low = lowest.get(node) ?? own;
    if (low === own) {
      const component = stack.splice(stack.indexOf(node));
      const isCycle = component.length > 1 || graph.get(node)?.includes(node);
      if (isCycle) cycles.push(component.toSorted());
    }
    return low;
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return cycles.toSorted((a, b) => (a[0] ?? "").localeCompare(b[0] ?? ""));
}

import type { Disposition } from "../../api/me";
import type { Label } from "../../live/shapes";

export interface Choice {
  value: string;
  label: string;
  children?: Choice[];
}

/** A tree of dispositions to choose from, in the words of `label`. */
export const options = (nodes: readonly Disposition[], label: (label: Label) => string): Choice[] =>
  nodes.map((node) => ({ value: node.code, label: label(node.label), ...(node.children ? { children: options(node.children, label) } : {}) }));

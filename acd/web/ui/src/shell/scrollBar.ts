export interface Size {
  width: number;
  height: number;
}

let cached: Size | null = null;

function measured(like?: HTMLElement): Size {
  const probe = document.createElement("div");
  Object.assign(probe.style, { position: "absolute", top: "0", left: "0", width: "100px", height: "100px", overflow: "scroll" });
  if (like) probe.style.scrollbarWidth = getComputedStyle(like).scrollbarWidth;
  document.body.append(probe);
  const size = { width: probe.offsetWidth - probe.clientWidth, height: probe.offsetHeight - probe.clientHeight };
  probe.remove();
  return size;
}

/** How wide a scroll bar is, in px; stands in for a function of Ant Design (vite.config.ts). */
export default function getScrollBarSize(fresh?: boolean): number {
  if (fresh || cached === null) cached = measured();
  return cached.width;
}

export const getTargetScrollBarSize = (element: HTMLElement): Size => measured(element);

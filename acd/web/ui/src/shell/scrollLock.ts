import { useLayoutEffect } from "react";

let locks = 0;

/** Keeps the page from scrolling behind an open dialog, by a class; stands in for a hook of Ant Design (vite.config.ts). */
export default function useScrollLocker(lock?: boolean): void {
  useLayoutEffect(() => {
    if (!lock) return undefined;
    locks += 1;
    document.documentElement.classList.add("locked");
    return () => {
      locks -= 1;
      if (locks === 0) document.documentElement.classList.remove("locked");
    };
  }, [lock]);
}

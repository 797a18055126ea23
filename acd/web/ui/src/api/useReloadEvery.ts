import { useEffect } from "react";

/** Calls `reload` every so many seconds while the page is looked at. */
export function useReloadEvery(seconds: number, reload: () => void): void {
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && reload(), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds, reload]);
}

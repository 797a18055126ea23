import { App } from "antd";
import { useCallback } from "react";

import { useFaultText } from "./hooks";

/** Does what was asked for, and tells people in words where that did not work. Answers whether it did. */
export function useDo(): (work: () => Promise<unknown>, done?: string) => Promise<boolean> {
  const { message } = App.useApp();
  const faultText = useFaultText();
  return useCallback(
    async (work, done) => {
      try {
        await work();
        if (done) void message.success(done);
        return true;
      } catch (fault) {
        void message.error(faultText(fault), 6);
        return false;
      }
    },
    [message, faultText],
  );
}

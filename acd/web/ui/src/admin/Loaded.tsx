import { Alert, Spin } from "antd";
import type { ReactNode } from "react";

import { useFaultText, type Loaded as State } from "../api/hooks";

/** What was loaded, or that it is being loaded, or why it could not be. */
export function Loaded<Value>({ state, children }: { state: State<Value>; children: (value: Value) => ReactNode }) {
  const faultText = useFaultText();
  if (state.value !== undefined) return children(state.value);
  return state.fault === undefined ? <Spin className="waiting" /> : <Alert type="error" showIcon title={faultText(state.fault)} />;
}

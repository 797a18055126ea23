import { Button, Result } from "antd";
import { Component, type ReactNode } from "react";

import { useI18n } from "../i18n/i18n";

/** A fault in one part must not take the others along: state bar and call buttons stay usable. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }

  override render(): ReactNode {
    return this.state.broken ? <Broken onRetry={() => this.setState({ broken: false })} /> : this.props.children;
  }
}

function Broken({ onRetry }: { onRetry: () => void }) {
  const { t } = useI18n();
  return <Result status="warning" title={t("shell.broken")} extra={<Button onClick={onRetry}>{t("shell.retry")}</Button>} />;
}

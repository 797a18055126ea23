import { Alert, Button, Segmented } from "antd";

import { listenTo, type ListenMode } from "./api";
import { useDo } from "../api/useDo";
import { useI18n } from "../i18n/i18n";
import type { Agent } from "../live/shapes";

export interface Spying {
  agent: Agent;
  mode: Exclude<ListenMode, "stop">;
}

/** To whom somebody here listens, and how to change or end that. */
export function SpyBar({ spying, onChange }: { spying: Spying; onChange: (next: Spying | null) => void }) {
  const { t } = useI18n();
  const act = useDo();
  const change = async (mode: Spying["mode"]) => {
    if (await act(() => listenTo(spying.agent.id, mode))) onChange({ ...spying, mode });
  };
  const stop = async () => {
    if (await act(() => listenTo(spying.agent.id, "stop"))) onChange(null);
  };
  return (
    <Alert
      type="info"
      showIcon
      title={t("board.spying", { name: spying.agent.name })}
      action={
        <span className="row">
          <Segmented<Spying["mode"]>
            aria-label={t("board.spy-mode")}
            value={spying.mode}
            onChange={(mode) => void change(mode)}
            options={[
              { value: "listen", label: t("board.listen") },
              { value: "whisper", label: t("board.whisper") },
              { value: "barge", label: t("board.barge") },
            ]}
          />
          <Button danger onClick={() => void stop()}>
            {t("board.spy-stop")}
          </Button>
        </span>
      }
    />
  );
}

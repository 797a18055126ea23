import { Alert, Button, Segmented } from "antd";
import { useEffect } from "react";

import { useLoaded } from "../api/hooks";
import { useDo } from "../api/useDo";
import { useReloadEvery } from "../api/useReloadEvery";
import { useI18n } from "../i18n/i18n";
import { useObject } from "../live/hooks";
import type { Agent } from "../live/shapes";
import { listenTo, readListening, type ListenMode } from "./api";

export interface Spying {
  agent: Agent;
  mode: Exclude<ListenMode, "stop">;
}

const AGAIN_S = 1;

/** To whom somebody here listens, and how to change or end that; as Asterisk has it, and gone as soon as it is over there. */
export function SpyBar({ spying, onChange }: { spying: Spying; onChange: (next: Spying | null) => void }) {
  const { t } = useI18n();
  const act = useDo();
  const listening = useLoaded(`listening ${spying.agent.id}`, readListening);
  const { value: state, reload } = listening;
  useReloadEvery(AGAIN_S, reload);
  const target = useObject("wallboard", "agent", spying.agent.id);
  useEffect(reload, [target?.call, target?.own_call, reload]);
  useEffect(() => {
    if (state === "none") onChange(null);
  }, [state, onChange]);
  const connected = state === "connected";
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
      title={t(connected ? "board.spying" : "board.spy-rings", { name: spying.agent.name })}
      action={
        <span className="row">
          <Segmented<Spying["mode"]>
            aria-label={t("board.spy-mode")}
            value={spying.mode}
            disabled={!connected}
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

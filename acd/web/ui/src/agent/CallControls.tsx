import { AudioMutedOutlined, AudioOutlined, CloseOutlined, NumberOutlined, PauseOutlined, PhoneOutlined, PlayCircleOutlined, SwapOutlined, TeamOutlined, UserAddOutlined } from "@ant-design/icons";
import { Button, Popover } from "antd";
import { useState, type ReactNode } from "react";

import { type CallOrder } from "../api/me";
import { useI18n, type Key } from "../i18n/i18n";
import { useLink } from "../live/hooks";
import type { Agent, Call } from "../live/shapes";
import { orderThrough } from "../phone/actions";
import { useShortcuts, type Shortcut } from "../shell/shortcuts";
import { phaseOf, possible, showsDone, type Control } from "./controls";
import { Keypad } from "./Keypad";
import { RecordPause } from "./RecordPause";
import { TransferDialog } from "./TransferDialog";
import { useAction } from "./useAction";

interface Props {
  agent: Agent;
  call: Call;
}

interface Shown {
  control: Exclude<Control, "consult">;
  icon: ReactNode;
  order?: CallOrder;
  primary?: true;
  danger?: true;
  key?: string;
}

/** One place for each pair, so that a button stays where it was when its meaning turns over. */
const PAIRS: readonly (readonly [Shown, Shown?])[] = [
  [{ control: "hold", icon: <PauseOutlined aria-hidden />, order: { do: "hold" }, key: "H" }, { control: "resume", icon: <PlayCircleOutlined aria-hidden />, order: { do: "resume" }, primary: true, key: "H" }],
  [{ control: "mute", icon: <AudioMutedOutlined aria-hidden />, order: { do: "mute", on: true }, key: "M" }, { control: "unmute", icon: <AudioOutlined aria-hidden />, order: { do: "mute", on: false }, primary: true, key: "M" }],
];

const CANCEL: Shown = { control: "consult-cancel", icon: <CloseOutlined aria-hidden />, order: { do: "consult-cancel" } };
const CONSULT: readonly Shown[] = [
  { control: "consult-complete", icon: <SwapOutlined aria-hidden />, order: { do: "consult-complete" }, primary: true },
  { control: "consult-join", icon: <TeamOutlined aria-hidden />, order: { do: "consult-join" } },
  CANCEL,
];

/** The buttons of a call: each is enabled where the feed says that it makes sense, and waits until the feed confirms. */
export function CallControls({ agent, call }: Props) {
  const { t } = useI18n();
  const off = useLink() !== "up";
  const { pending, run } = useAction<Control, Call>(call, showsDone);
  const state = useAction<Control>(agent);
  const [dialog, setDialog] = useState<"transfer" | "conference" | null>(null);
  const can = possible(agent, call);

  const press = (shown: Shown) => {
    const { order } = shown;
    if (order) void (shown.control === "answer" || shown.control === "hangup" ? state : { run }).run(shown.control, () => orderThrough(agent, order, call.id));
  };
  const button = (shown: Shown, name: Key = `call.do.${shown.control}`) => (
    <Button
      key={shown.control}
      className="control"
      icon={shown.icon}
      type={shown.primary ? "primary" : "default"}
      danger={shown.danger ?? false}
      disabled={off || !can.has(shown.control)}
      loading={pending === shown.control || state.pending === shown.control}
      onClick={() => press(shown)}
      aria-keyshortcuts={shown.key ? `Alt+${shown.key}` : undefined}
    >
      {t(name)}
    </Button>
  );

  const answer: Shown = { control: "answer", icon: <PhoneOutlined aria-hidden />, order: { do: "answer" }, primary: true, key: "A" };
  const hangup: Shown = { control: "hangup", icon: <PhoneOutlined rotate={135} aria-hidden />, order: { do: "hangup" }, danger: true, key: "E" };
  const pairs = PAIRS.map(([one, other]) => (other && can.has(other.control) ? other : one));
  const shortcut = (shown: Shown): Shortcut => ({ code: `Key${shown.key}`, keys: shown.key ?? "", title: `call.do.${shown.control}`, on: !off && can.has(shown.control), run: () => press(shown) });
  useShortcuts([
    ...[answer, hangup, ...pairs].map(shortcut),
    { code: "KeyT", keys: "T", title: "call.do.transfer", on: !off && can.has("transfer"), run: () => setDialog("transfer") },
  ]);

  const phase = phaseOf(agent, call);
  if (phase === "idle") return null;
  if (phase === "ringing") {
    return (
      <div className="controls controls-ringing">
        {button(answer)}
        {button(hangup, "call.do.decline")}
      </div>
    );
  }
  return (
    <>
      {phase === "conference" && <div className="controls controls-consult">{button(CANCEL, "call.do.third-out")}</div>}
      {(phase === "calling" || phase === "consulting") && <div className="controls controls-consult">{CONSULT.map((shown) => button(shown))}</div>}
      <div className="controls">
        {pairs.map((shown) => button(shown))}
        <Popover trigger="click" placement="right" destroyOnHidden content={<Keypad call={call} />}>
          <Button className="control" icon={<NumberOutlined aria-hidden />} disabled={off || !can.has("keys")}>
            {t("call.do.keys")}
          </Button>
        </Popover>
        <Button className="control" icon={<SwapOutlined aria-hidden />} disabled={off || !can.has("transfer")} loading={pending === "transfer"} onClick={() => setDialog("transfer")} aria-keyshortcuts="Alt+T">
          {t("call.do.transfer")}
        </Button>
        <Button className="control" icon={<UserAddOutlined aria-hidden />} disabled={off || !can.has("conference-add")} loading={pending === "conference-add"} onClick={() => setDialog("conference")}>
          {t("call.do.conference-add")}
        </Button>
        <RecordPause off={off} can={can} pending={pending} onOrder={(control, order) => run(control, () => orderThrough(agent, order, call.id))} />
        {button(hangup)}
      </div>
      {dialog && (
        <TransferDialog
          agent={agent}
          adds={dialog === "conference"}
          consults={can.has("consult")}
          onClose={() => setDialog(null)}
          onOrder={(order) => run(order.do === "conference-add" ? "conference-add" : "transfer", () => orderThrough(agent, order, call.id))}
        />
      )}
    </>
  );
}

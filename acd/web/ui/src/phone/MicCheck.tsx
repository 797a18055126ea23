import { AudioOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { Alert, Button, Modal } from "antd";
import { useCallback, useEffect, useRef, useState } from "react";

import { useI18n } from "../i18n/i18n";
import { devices } from "./browser";
import { DeviceSelect } from "./DeviceMenu";
import { NoMicrophone, openMicrophone, sendTo } from "./devices";
import { HEARD, watchLevel } from "./level";
import type { MicTrouble } from "./shapes";
import "./phone.css";

const RECORD_MS = 4_000;
const QUIET_MS = 4_000;

/** Whether one is heard: a level that moves, and one's own voice played back. */
export function MicCheck({ onClose }: { onClose: () => void }) {
  const { t } = useI18n();
  const { stream, trouble, reopen } = useMicrophone();
  const { meter, verdict } = useLevel(stream);
  const { state, record } = useEcho(stream);
  return (
    <Modal open title={t("phone.check")} onCancel={onClose} footer={null} width={460} destroyOnHidden>
      <div className="stack">
        <DeviceSelect use="microphone" onChoose={reopen} />
        <div ref={meter} className="mic-level" role="meter" aria-label={t("phone.check.level")} aria-valuemin={0} aria-valuemax={100} aria-valuenow={0}>
          <span />
        </div>
        {trouble ? (
          <Alert type="error" showIcon title={t(`phone.mic.${trouble}`)} action={<Button size="small" onClick={reopen}>{t("phone.mic.again")}</Button>} />
        ) : (
          <p role="status" className={verdict === "quiet" ? "fault" : "quiet"}>
            {t(`phone.check.${verdict}`)}
          </p>
        )}
        <DeviceSelect use="speaker" />
        <Button icon={state === "playing" ? <PlayCircleOutlined /> : <AudioOutlined />} disabled={!stream || state !== "idle"} onClick={record} block>
          {t(`phone.check.echo.${state}`)}
        </Button>
      </div>
    </Modal>
  );
}

function useMicrophone(): { stream: MediaStream | null; trouble: MicTrouble | null; reopen: () => void } {
  const [round, setRound] = useState(0);
  const [stream, setStream] = useState<MediaStream | null>(null);
  const [trouble, setTrouble] = useState<MicTrouble | null>(null);
  useEffect(() => {
    let gone = false;
    let opened: MediaStream | null = null;
    const stop = () => opened?.getTracks().forEach((track) => track.stop());
    openMicrophone().then(
      (found) => {
        opened = found;
        if (gone) return stop();
        setTrouble(null);
        setStream(found);
        devices.look();
        return undefined;
      },
      (fault: unknown) => {
        if (!gone) setTrouble(fault instanceof NoMicrophone ? fault.trouble : "failed");
      },
    );
    return () => {
      gone = true;
      setStream(null);
      stop();
    };
  }, [round]);
  return { stream, trouble, reopen: useCallback(() => setRound((old) => old + 1), []) };
}

/** The meter is moved past React: it is another picture with each frame. */
function useLevel(stream: MediaStream | null) {
  const meter = useRef<HTMLDivElement>(null);
  const [verdict, setVerdict] = useState<"speak" | "heard" | "quiet">("speak");
  useEffect(() => {
    setVerdict("speak");
    if (!stream) return undefined;
    let loudest = 0;
    const quiet = setTimeout(() => setVerdict((old) => (old === "speak" ? "quiet" : old)), QUIET_MS);
    const stop = watchLevel(stream, (level) => {
      loudest = Math.max(loudest * 0.97, level);
      const bar = meter.current;
      bar?.style.setProperty("--level", String(level));
      bar?.setAttribute("aria-valuenow", String(Math.round(level * 100)));
      if (loudest > HEARD) setVerdict("heard");
    });
    return () => {
      clearTimeout(quiet);
      stop();
    };
  }, [stream]);
  return { meter, verdict };
}

/** Records a few seconds and plays them at the chosen loudspeaker. */
function useEcho(stream: MediaStream | null) {
  const [state, setState] = useState<"idle" | "recording" | "playing">("idle");
  const stop = useRef<() => void>(() => {});
  useEffect(() => () => stop.current(), [stream]);
  const record = () => {
    if (!stream) return;
    const parts: Blob[] = [];
    const recorder = new MediaRecorder(stream);
    const player = new Audio();
    const timer = setTimeout(() => recorder.stop(), RECORD_MS);
    let stopped = false;
    const end = () => {
      stopped = true;
      clearTimeout(timer);
      if (recorder.state !== "inactive") recorder.stop();
      player.pause();
      URL.revokeObjectURL(player.src);
      setState("idle");
    };
    stop.current = end;
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = () => {
      if (stopped) return;
      player.src = URL.createObjectURL(new Blob(parts, { type: recorder.mimeType }));
      player.onended = end;
      setState("playing");
      void sendTo(player, "speaker").then(() => player.play()).catch(end);
    };
    recorder.start();
    setState("recording");
  };
  return { state, record };
}

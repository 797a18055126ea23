import { Alert, Button, Segmented, theme } from "antd";
import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";

import { useFaultText, useLoaded } from "../api/hooks";
import { download } from "../api/http";
import { clockText } from "../format/format";
import { useFormat } from "../format/hooks";
import { secondsOf } from "../format/iso";
import { useI18n } from "../i18n/i18n";
import { drawWave, readPeaks, readRecordings, soughtBy, soundAt, type Recording } from "./recordings";

const SPEEDS = [1, 1.5, 2];

/** What was recorded of a call, to be heard; nothing where nothing was. */
export function Recordings({ call }: { call: string }) {
  const faultText = useFaultText();
  const { value, fault } = useLoaded(call, (signal) => readRecordings(call, signal));
  if (fault !== undefined) return <Alert type="error" showIcon title={faultText(fault)} />;
  return value?.map((recording) => <OneRecording key={recording.path} recording={recording} />);
}

function OneRecording({ recording }: { recording: Recording }) {
  const { t, known } = useI18n();
  const format = useFormat();
  const title = t(`recording.${recording.kind}`);
  return (
    <section className="recording" aria-label={title}>
      <h3 className="story-sum">
        {title} · {format.time(secondsOf(recording.started_at))} · {clockText(recording.duration_s)}
      </h3>
      {recording.deleted_at !== null ? <p>{t("recording.deleted", { at: format.date(secondsOf(recording.deleted_at)), why: known(`recording.why.${recording.deleted_why}`) ?? recording.deleted_why ?? "" })}</p> : recording.missing ? <p>{t("recording.missing")}</p> : <Player recording={recording} />}
      <p className="quiet">{[recording.consent && t(`recording.${recording.consent}`), recording.channels === 2 && t("recording.caller"), recording.pauses.length > 0 && t("recording.paused")].filter(Boolean).join(" ")}</p>
    </section>
  );
}

/** The sound is fetched when somebody plays it, and not before: who listens is in the audit log. */
function Player({ recording }: { recording: Recording }) {
  const { t } = useI18n();
  const audio = useRef<HTMLAudioElement>(null);
  const [at_s, setAt] = useState(0);
  const [plays, setPlays] = useState(false);
  const [speed, setSpeed] = useState(1);
  const [broken, setBroken] = useState(false);
  const seek = (to_s: number): void => {
    audio.current!.currentTime = to_s;
    setAt(to_s);
  };
  const toggle = (): void => {
    if (!audio.current!.paused) return audio.current!.pause();
    setBroken(false);
    audio.current!.playbackRate = speed;
    audio.current!.play().catch(() => setBroken(Boolean(audio.current?.error)));
  };
  const turn = (to: number): void => {
    setSpeed(to);
    audio.current!.playbackRate = to;
  };
  return (
    <>
      {/* Both speak: there is no text of it. */}
      {/* oxlint-disable-next-line jsx-a11y/media-has-caption */}
      <audio ref={audio} src={soundAt(recording.path)} preload="none" onTimeUpdate={() => setAt(audio.current!.currentTime)} onPlay={() => setPlays(true)} onPause={() => setPlays(false)} onEnded={() => setPlays(false)} onError={() => setBroken(true)} />
      <Wave recording={recording} at_s={at_s} seek={seek} toggle={toggle} />
      <div className="recording-buttons">
        <Button size="small" type="primary" onClick={toggle}>
          {t(plays ? "recording.stop" : "recording.play")}
        </Button>
        <span className="figure">{t("recording.at", { at: clockText(at_s), length: clockText(recording.duration_s) })}</span>
        <Segmented size="small" aria-label={t("recording.speed")} value={speed} onChange={turn} options={SPEEDS.map((value) => ({ value, label: `${value}×` }))} />
        <Button size="small" onClick={() => void download(`${soundAt(recording.path)}?download=true`, "recording").catch(() => setBroken(true))}>
          {t("recording.keep")}
        </Button>
      </div>
      {broken && <Alert type="error" showIcon title={t("recording.unplayable")} />}
    </>
  );
}

interface WaveProps {
  recording: Recording;
  at_s: number;
  seek: (to_s: number) => void;
  toggle: () => void;
}

/** The picture of the sound, and where in it we are: by click, or by keys as in any slider; space plays and stops. */
function Wave({ recording, at_s, seek, toggle }: WaveProps) {
  const { t } = useI18n();
  const { token } = theme.useToken();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const { value: peaks } = useLoaded(recording.path, (signal) => readPeaks(recording.path, signal));
  useEffect(() => {
    const observer = new ResizeObserver(() => setWidth(canvas.current?.clientWidth ?? 0));
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const colors = { wave: token.colorTextQuaternary, heard: token.colorPrimary, pause: token.colorWarningBg, line: token.colorText };
    drawWave(canvas.current!, peaks, recording, at_s, colors);
  }, [peaks, recording, at_s, width, token]);
  const sought = (event: PointerEvent): void => {
    const box = event.currentTarget.getBoundingClientRect();
    seek(Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * recording.duration_s);
  };
  const keyed = (event: KeyboardEvent): void => {
    const to_s = soughtBy(event.key, at_s, recording.duration_s);
    if (to_s === null && event.key !== " ") return;
    event.preventDefault();
    if (to_s === null) toggle();
    else seek(to_s);
  };
  return (
    <div
      className="recording-wave"
      role="slider"
      tabIndex={0}
      aria-label={t("recording.wave")}
      aria-valuemin={0}
      aria-valuemax={Math.round(recording.duration_s)}
      aria-valuenow={Math.round(at_s)}
      aria-valuetext={t("recording.at", { at: clockText(at_s), length: clockText(recording.duration_s) })}
      onPointerDown={sought}
      onKeyDown={keyed}
    >
      <canvas ref={canvas} />
    </div>
  );
}

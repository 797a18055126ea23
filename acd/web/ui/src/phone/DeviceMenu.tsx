import { Button, Select, Slider } from "antd";
import { useEffect, useState } from "react";

import { useI18n } from "../i18n/i18n";
import { phone } from "./browser";
import { chooseDevice, chooseVolume, chosenDevice, chosenVolume, speakersCanBeChosen, type DeviceUse } from "./devices";
import { useDevices } from "./hooks";
import { Ringer } from "./sounds";

const SAMPLE_MS = 2_500;

/** One of the three devices, remembered in this browser. */
export function DeviceSelect({ use, onChoose }: { use: DeviceUse; onChoose?: () => void }) {
  const { t } = useI18n();
  const choices = useDevices()[use].filter((choice) => choice.id !== "default");
  const [chosen, setChosen] = useState(() => chosenDevice(use));
  if (use !== "microphone" && !speakersCanBeChosen()) return null;
  const present = chosen === "default" || choices.some((choice) => choice.id === chosen);
  return (
    <label className="field">
      <span>{t(`phone.device.${use}`)}</span>
      <Select
        className="full"
        aria-label={t(`phone.device.${use}`)}
        value={present ? chosen : "default"}
        onChange={(id: string) => {
          chooseDevice(use, id);
          setChosen(id);
          phone.devicesChanged();
          onChoose?.();
        }}
        options={[
          { value: "default", label: t("phone.device.default") },
          ...choices.map((choice, index) => ({ value: choice.id, label: choice.label || t("phone.device.unnamed", { number: index + 1 }) })),
        ]}
      />
    </label>
  );
}

function Volume({ use }: { use: "speaker" | "ringer" }) {
  const { t } = useI18n();
  const [volume, setVolume] = useState(() => chosenVolume(use));
  return (
    <label className="field">
      <span>{t(`phone.volume.${use}`)}</span>
      <Slider
        min={0}
        max={100}
        step={5}
        value={Math.round(volume * 100)}
        ariaLabelForHandle={t(`phone.volume.${use}`)}
        onChange={(percent: number) => {
          chooseVolume(use, percent / 100);
          setVolume(percent / 100);
          phone.devicesChanged();
        }}
      />
    </label>
  );
}

/** Devices and loudness, and a way to try each. */
export function DeviceMenu({ onCheck }: { onCheck: () => void }) {
  const { t } = useI18n();
  return (
    <div className="device-menu stack">
      <DeviceSelect use="microphone" />
      <DeviceSelect use="speaker" />
      <Volume use="speaker" />
      <DeviceSelect use="ringer" />
      <Volume use="ringer" />
      <RingSample />
      <Button type="primary" onClick={onCheck} block>
        {t("phone.check")}
      </Button>
    </div>
  );
}

function RingSample() {
  const { t } = useI18n();
  const [rings, setRings] = useState(false);
  useEffect(() => {
    if (!rings) return undefined;
    const ringer = new Ringer();
    void ringer.start();
    const timer = setTimeout(() => setRings(false), SAMPLE_MS);
    return () => {
      clearTimeout(timer);
      ringer.stop();
    };
  }, [rings]);
  return (
    <Button disabled={rings} onClick={() => setRings(true)} block>
      {t("phone.ring")}
    </Button>
  );
}

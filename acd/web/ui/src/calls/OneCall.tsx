import { Alert, Button, Spin, Tabs } from "antd";

import { useFaultText, useLoaded } from "../api/hooks";
import { useI18n } from "../i18n/i18n";
import { readStory } from "./api";
import { Decisions, Story } from "./Story";

/** What happened in a call, and who got it and why. */
export function OneCall({ call }: { call: string }) {
  const { t } = useI18n();
  const faultText = useFaultText();
  const { value, fault, reload, loading } = useLoaded(`story ${call}`, (signal) => readStory(call, signal));
  if (!value) return fault === undefined ? <Spin className="waiting" /> : <Alert type="error" showIcon title={faultText(fault)} />;
  return (
    <Tabs
      tabBarExtraContent={
        value.call.ended_at === null && (
          <Button size="small" loading={loading} onClick={reload}>
            {t("calls.reload")}
          </Button>
        )
      }
      items={[
        { key: "story", label: t("calls.story"), children: <Story story={value} /> },
        { key: "why", label: t("calls.why"), children: <Decisions story={value} /> },
      ]}
    />
  );
}

import { Empty, Menu } from "antd";
import { useEffect, useRef } from "react";
import { useLocation, useRoute } from "wouter";

import { useLoaded } from "../api/hooks";
import { useReloadEvery } from "../api/useReloadEvery";
import { useI18n } from "../i18n/i18n";
import { readFlows, readPicture, type Flow } from "./api";
import { Loaded } from "./Loaded";
import { mark, pictureOf } from "./picture";

const AGAIN_S = 3;

/** Drawn flows with how many callers are at which step. The drawing is made once, the numbers come every few seconds. */
export default function FlowsPart() {
  const flows = useLoaded("flows", readFlows);
  useReloadEvery(AGAIN_S, flows.reload);
  return <Loaded state={flows}>{(found) => <Flows flows={found} />}</Loaded>;
}

function Flows({ flows }: { flows: readonly Flow[] }) {
  const { t } = useI18n();
  const [, goTo] = useLocation();
  const [, route] = useRoute("/:id");
  const id = route?.id === undefined ? flows[0]?.id : decodeURIComponent(route.id);
  const flow = flows.find((one) => one.id === id);
  if (!flow) return <Empty description={t("admin.no-flows")} />;
  return (
    <>
      <p className="quiet">{t("admin.flows-note")}</p>
      <div className="files">
        <Menu
          className="panel"
          mode="inline"
          inlineIndent={12}
          selectedKeys={[flow.id]}
          onClick={({ key }) => goTo(`/${encodeURIComponent(key)}`)}
          items={flows.map((one) => ({ key: one.id, label: one.id, extra: callers(one) || undefined }))}
        />
        <div>
          <p>{t("admin.flow-of", { steps: flow.steps, languages: flow.languages.join(", "), callers: callers(flow) })}</p>
          <Picture key={flow.id} flow={flow} />
        </div>
      </div>
    </>
  );
}

const callers = (flow: Flow): number => Object.values(flow.here).reduce((sum, count) => sum + count, 0);

function Picture({ flow }: { flow: Flow }) {
  const { t } = useI18n();
  const here = Object.entries(flow.here).map(([step, count]) => `${step}: ${count}`);
  return (
    <Loaded state={useLoaded(`picture ${flow.id}`, (signal) => readPicture(flow.id, signal))}>
      {(text) => <Drawing text={text} flow={flow} label={[t("admin.picture", { flow: flow.id }), ...here].join(". ")} />}
    </Loaded>
  );
}

function Drawing({ text, flow, label }: { text: string; flow: Flow; label: string }) {
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const picture = pictureOf(text);
    if (picture) element.current?.replaceChildren(picture);
  }, [text]);
  useEffect(() => {
    const picture = element.current?.querySelector("svg");
    if (picture) mark(picture, flow.id, flow.here);
  }, [text, flow]);
  // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be within reach of the keyboard
  return <div className="panel flow-picture" ref={element} role="img" aria-label={label} tabIndex={0} />;
}

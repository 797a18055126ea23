import { Alert, Button, Input, Modal, Segmented, Spin } from "antd";
import { useDeferredValue, useState } from "react";

import { useFaultText, useLoaded } from "../api/hooks";
import type { CallOrder, TargetKind } from "../api/me";
import { readTargets, type Target } from "../api/targets";
import { useI18n } from "../i18n/i18n";
import type { Agent } from "../live/shapes";
import { findTargets } from "./targets";

type Order = Extract<CallOrder, { do: "transfer" | "consult" | "conference-add" }>;

interface Props {
  agent: Agent;
  /** Whether somebody is to be added, rather than the call given away. */
  adds: boolean;
  /** Whether one may ask somebody first. */
  consults: boolean;
  onOrder: (order: Order) => Promise<boolean>;
  onClose: () => void;
}

const KINDS: readonly (TargetKind | "all")[] = ["all", "agent", "group", "number", "flow"];

/** Finds whom to send the call to as one types; arrow keys choose, Enter consults, Ctrl+Enter hands over at once. */
export function TransferDialog({ agent, adds, consults, onOrder, onClose }: Props) {
  const { t, known } = useI18n();
  const faultText = useFaultText();
  const { value, fault } = useLoaded("targets", readTargets);
  const [query, setQuery] = useState("");
  const [kind, setKind] = useState<TargetKind | "all">("all");
  const [index, setIndex] = useState(0);
  const [busy, setBusy] = useState<Order["do"] | null>(null);
  const sought = useDeferredValue(query);
  const found = value ? findTargets(value, sought, kind, agent.id) : [];
  const chosen = found[Math.min(index, found.length - 1)];

  const send = async (order: Order["do"]) => {
    if (!chosen || busy) return;
    setBusy(order);
    if (await onOrder({ do: order, to: chosen.id, to_kind: chosen.kind })) onClose();
    setBusy(null);
  };
  const mayConsult = consults && chosen !== undefined && chosen.kind !== "flow";
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setIndex((old) => Math.max(0, Math.min(found.length - 1, old + (event.key === "ArrowDown" ? 1 : -1))));
    } else if (event.key === "Enter") {
      event.preventDefault();
      void send(adds ? "conference-add" : event.ctrlKey || !mayConsult ? "transfer" : "consult");
    }
  };
  const detail = (target: Target): string => (target.kind === "agent" ? (known(`agent.state.${target.detail}`) ?? target.detail) : target.detail);

  return (
    <Modal
      open
      title={t(adds ? "transfer.add" : "transfer.title")}
      onCancel={onClose}
      width={520}
      footer={
        adds ? (
          <Button type="primary" disabled={!chosen || chosen.kind === "flow"} loading={busy === "conference-add"} onClick={() => void send("conference-add")}>
            {t("transfer.do.add")}
          </Button>
        ) : (
          <>
            <Button type={consults ? "default" : "primary"} disabled={!chosen} loading={busy === "transfer"} onClick={() => void send("transfer")} aria-keyshortcuts="Control+Enter">
              {t("transfer.do.blind")}
            </Button>
            {consults && (
              <Button type="primary" disabled={!mayConsult} loading={busy === "consult"} onClick={() => void send("consult")} aria-keyshortcuts="Enter">
                {t("transfer.do.consult")}
              </Button>
            )}
          </>
        )
      }
    >
      <div className="stack">
        <Input
          autoFocus
          role="combobox"
          aria-expanded
          aria-controls="targets"
          aria-activedescendant={chosen ? `target-${chosen.kind}-${chosen.id}` : undefined}
          aria-label={t("transfer.search")}
          placeholder={t("transfer.search")}
          value={query}
          maxLength={80}
          onChange={(event) => {
            setQuery(event.target.value);
            setIndex(0);
          }}
          onKeyDown={onKeyDown}
        />
        <Segmented size="small" value={kind} onChange={(one) => { setKind(one); setIndex(0); }} options={KINDS.map((one) => ({ value: one, label: t(`transfer.kind.${one}`) }))} aria-label={t("transfer.kinds")} />
        {fault ? <Alert type="error" showIcon title={faultText(fault)} /> : null}
        {!value && !fault && <Spin />}
        <ul id="targets" role="listbox" aria-label={t("transfer.targets")} className="targets">
          {found.map((target, at) => (
            // The keys are those of the field above, which keeps the focus.
            // oxlint-disable-next-line jsx-a11y/click-events-have-key-events
            <li
              key={`${target.kind} ${target.id}`}
              id={`target-${target.kind}-${target.id}`}
              role="option"
              aria-selected={target === chosen}
              tabIndex={-1}
              className={target === chosen ? "target target-chosen" : "target"}
              onClick={() => setIndex(at)}
              ref={target === chosen ? (element) => element?.scrollIntoView({ block: "nearest" }) : null}
            >
              <span className={`dot dot-${target.free === null ? "none" : target.free ? "free" : "busy"}`} aria-hidden />
              <bdi className="cut">{target.name}</bdi>
              <span className="quiet">{detail(target)}</span>
              <span className="target-kind quiet">{t(`transfer.kind.${target.kind}`)}</span>
            </li>
          ))}
        </ul>
        {value && found.length === 0 && <p className="quiet">{t("transfer.nobody")}</p>}
      </div>
    </Modal>
  );
}

import { memo, type CSSProperties } from "react";

import { useI18n } from "../i18n/i18n";
import { GroupTable } from "./GroupTable";
import { useGroupRows } from "./hooks";
import type { Thresholds } from "./thresholds";

/** The groups, as the configuration has them in order. */
export const GroupsPanel = memo(function GroupsPanel({ mine, thresholds, onFocus }: { mine: readonly string[]; thresholds: Thresholds; onFocus: (group: string) => void }) {
  const { t } = useI18n();
  const rows = useGroupRows(mine);
  return (
    <section className="board-groups" style={{ "--groups": rows.length } as CSSProperties} aria-label={t("board.groups")}>
      <h2>{t("board.groups")}</h2>
      <GroupTable rows={rows} thresholds={thresholds} onChoose={onFocus} />
    </section>
  );
});

import { Badge } from "antd";
import { Link } from "wouter";

import { useI18n } from "../i18n/i18n";
import { isFree } from "../api/inbox";
import { useTasks } from "../inbox/useTasks";

/** How much waits in the inbox of the agent's groups. */
export function InboxGlance() {
  const { t } = useI18n();
  const { value } = useTasks({ closed: false });
  const open = (value?.tasks ?? []).filter(isFree);
  if (open.length === 0) return null;
  return (
    <section className="card" aria-label={t("shell.inbox")}>
      <Link href="~/inbox" className="glance">
        {t("inbox.open")} <Badge count={open.length} color="blue" />
      </Link>
    </section>
  );
}

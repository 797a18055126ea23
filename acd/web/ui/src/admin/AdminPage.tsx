import "../shell/parts.css";
import "./admin.css";

import { Menu, Spin } from "antd";
import { lazy, Suspense, type ComponentType, type LazyExoticComponent } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";

import { useI18n } from "../i18n/i18n";

const PARTS = ["config", "flows", "versions", "accounts", "tokens", "webhooks", "audit"] as const;
type Part = (typeof PARTS)[number];

const CONTENT: Record<Part, LazyExoticComponent<ComponentType>> = {
  config: lazy(() => import("./ConfigPart")),
  flows: lazy(() => import("./FlowsPart")),
  versions: lazy(() => import("./VersionsPart")),
  accounts: lazy(() => import("./AccountsPart")),
  tokens: lazy(() => import("./TokensPart")),
  webhooks: lazy(() => import("./WebhooksPart")),
  audit: lazy(() => import("./AuditPart")),
};

/** Everything that only admins see; configuration and flows are for looking at, they are changed as files. */
export default function AdminPage() {
  const { t } = useI18n();
  const [path, goTo] = useLocation();
  const present = PARTS.find((part) => path === `/${part}` || path.startsWith(`/${part}/`));
  return (
    <div className="admin">
      <nav aria-label={t("shell.admin")}>
        <Menu mode="inline" selectedKeys={present ? [present] : []} onClick={({ key }) => goTo(`/${key}`)} items={PARTS.map((part) => ({ key: part, label: t(`admin.${part}`) }))} />
      </nav>
      <div className="admin-part">
        {present && <h1>{t(`admin.${present}`)}</h1>}
        <Suspense fallback={<Spin className="waiting" />}>
          <Switch>
            {PARTS.map((part) => {
              const Content = CONTENT[part];
              return (
                <Route key={part} path={`/${part}`} nest>
                  <Content />
                </Route>
              );
            })}
            <Route>
              <Redirect to="/config" replace />
            </Route>
          </Switch>
        </Suspense>
      </div>
    </div>
  );
}

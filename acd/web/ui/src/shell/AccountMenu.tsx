import { CheckOutlined, DownOutlined } from "@ant-design/icons";
import { App as AntApp, Button, Dropdown, Modal } from "antd";
import { useEffect, useState, type ReactNode } from "react";

import type { ThemeChoice } from "../api/session";
import { LANGUAGES, useI18n, type Language } from "../i18n/i18n";
import { PasswordForm } from "./PasswordForm";
import { SecurityDialog } from "./SecurityDialog";
import { useWho } from "./session";
import { ShortcutList } from "./ShortcutList";

const THEMES: readonly ThemeChoice[] = ["system", "light", "dark"];

/** Language, colours, password and the way out. */
export function AccountMenu() {
  const { t, language } = useI18n();
  const { session, theme, setTheme, setLanguage, signOut } = useWho();
  const { message } = AntApp.useApp();
  const [open, setOpen] = useState<"password" | "security" | "shortcuts" | null>(null);
  useQuestionMark(() => setOpen("shortcuts"));

  const choices = <Choice extends string>(all: readonly Choice[], present: Choice, text: (one: Choice) => string, choose: (one: Choice) => void) =>
    all.map((one) => ({
      key: one,
      label: text(one),
      icon: (one === present ? <CheckOutlined aria-hidden /> : <span className="no-icon" />) as ReactNode,
      onClick: () => choose(one),
    }));

  return (
    <>
      <Dropdown
        trigger={["click"]}
        menu={{
          items: [
            { type: "group", label: t("shell.language"), children: choices(Object.keys(LANGUAGES) as Language[], language, (one) => LANGUAGES[one], setLanguage) },
            { type: "group", label: t("shell.theme"), children: choices(THEMES, theme, (one) => t(`shell.theme.${one}`), setTheme) },
            { type: "divider" },
            { key: "shortcuts", label: t("shell.shortcuts"), extra: "?", onClick: () => setOpen("shortcuts") },
            { key: "password", label: t("shell.password"), onClick: () => setOpen("password") },
            { key: "security", label: t("shell.security"), onClick: () => setOpen("security") },
            { key: "sign-out", label: t("shell.sign-out"), onClick: signOut },
          ],
        }}
      >
        <Button type="text" className="top-account" aria-label={t("shell.account", { name: session.name })}>
          <bdi className="cut">{session.name}</bdi>
          <DownOutlined aria-hidden />
        </Button>
      </Dropdown>
      <Modal open={open === "password"} title={t("shell.password")} footer={null} destroyOnHidden onCancel={() => setOpen(null)} width={400}>
        <PasswordForm
          onChanged={() => {
            setOpen(null);
            void message.success(t("password.done"));
          }}
        />
      </Modal>
      {open === "security" && <SecurityDialog onClose={() => setOpen(null)} />}
      <Modal open={open === "shortcuts"} title={t("shell.shortcuts")} footer={null} destroyOnHidden onCancel={() => setOpen(null)} width={420}>
        <ShortcutList />
      </Modal>
    </>
  );
}

/** "?" opens the list, unless somebody is writing. */
function useQuestionMark(open: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const writing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable=true]");
      if (event.key === "?" && !writing) open();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  });
}

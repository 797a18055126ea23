import { App as AntApp, ConfigProvider, theme as antTheme } from "antd";
import { useEffect, useSyncExternalStore, type ReactNode } from "react";

import type { ThemeChoice } from "../api/session";
import type { Tongue } from "../i18n/i18n";

const wantsDark = window.matchMedia("(prefers-color-scheme: dark)");
const wantsNoMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

// Fonts of the machine only; those that have Chinese letters come after those for Latin ones.
const FONTS = `system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif`;
/** Not without motion altogether: then dialogs would not come to have the focus where they want it. */
const AT_ONCE = { motionDurationFast: "1ms", motionDurationMid: "1ms", motionDurationSlow: "1ms" };
const OURS = { fontFamily: FONTS, borderRadius: 6 };

/** Whether the reader's system wants it, now. */
function useWanted(query: MediaQueryList): boolean {
  return useSyncExternalStore(
    (listener) => {
      query.addEventListener("change", listener);
      return () => query.removeEventListener("change", listener);
    },
    () => query.matches,
  );
}

/** The nonce that the server has put into this page: styles that are made while it runs carry it. */
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

export function Themed({ choice, tongue, children }: { choice: ThemeChoice; tongue: Tongue; children: ReactNode }) {
  const system = useWanted(wantsDark);
  const still = useWanted(wantsNoMotion);
  const ours = still ? { ...OURS, ...AT_ONCE } : OURS;
  const dark = choice === "dark" || (choice === "system" && system);
  useEffect(() => {
    document.documentElement.dataset["theme"] = dark ? "dark" : "light";
    document.documentElement.lang = tongue.language;
  }, [dark, tongue.language]);
  return (
    <ConfigProvider
      csp={{ nonce }}
      locale={tongue.antd}
      button={{ autoInsertSpace: false }}
      theme={{
        algorithm: dark ? antTheme.darkAlgorithm : antTheme.defaultAlgorithm,
        cssVar: { key: "acd" },
        hashed: false,
        token: dark
          ? { ...ours, colorPrimary: "#3c89e8", colorLink: "#69a9f5", colorInfo: "#5b9cf0", colorError: "#ff8f8a", colorWarning: "#f5b83d", colorTextSecondary: "rgba(255,255,255,0.72)", colorTextDescription: "rgba(255,255,255,0.65)", colorTextPlaceholder: "rgba(255,255,255,0.55)" }
          : { ...ours, colorPrimary: "#0958d9", colorLink: "#0958d9", colorInfo: "#0958d9", colorError: "#cf1322", colorWarning: "#945800", colorWarningBg: "#fffbe6", colorWarningBorder: "#ffe58f", colorTextSecondary: "rgba(0,0,0,0.68)", colorTextDescription: "rgba(0,0,0,0.62)", colorTextPlaceholder: "rgba(0,0,0,0.58)" },
        // What is chosen is written in the first colour, which in the dark theme is made for surfaces below white letters.
        components: dark ? { Tabs: { itemSelectedColor: "#69a9f5" }, Menu: { itemSelectedColor: "#69a9f5" } } : {},
      }}
    >
      <AntApp component={false} notification={{ placement: "bottomRight", maxCount: 4 }} message={{ top: 104 }}>
        {children}
      </AntApp>
    </ConfigProvider>
  );
}

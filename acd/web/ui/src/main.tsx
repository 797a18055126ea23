import "./shell/shell.css";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { bestLanguage, loadTongue } from "./i18n/i18n";
import { App } from "./shell/App";
import { remember, remembered } from "./shell/taste";

const language = bestLanguage([remembered("language"), ...navigator.languages]);
void loadTongue(language).then((tongue) => {
  createRoot(document.getElementById("root")!).render(
    <StrictMode>
      <App firstTongue={tongue} />
    </StrictMode>,
  );
});

// A new version of the pages has taken the place of this one's parts: take that, but never in a circle.
window.addEventListener("vite:preloadError", (event) => {
  if (Date.now() - Number(remembered("reloaded_ms") ?? 0) < 60_000) return;
  event.preventDefault();
  remember("reloaded_ms", String(Date.now()));
  location.reload();
});

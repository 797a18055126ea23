import { useEffect, useState } from "react";

import { useLoaded, type Loaded } from "../api/hooks";
import { readInbox, type TaskKind, type Tasks } from "../api/inbox";
import { useObject, useTopic } from "../live/hooks";
import { live } from "../live/live";

export interface Wanted {
  kind?: TaskKind | undefined;
  closed: boolean;
}

/** Callbacks and voicemails of the agent's groups; asked for again when the feed says that one has changed. */
export function useTasks(wanted: Wanted): Loaded<Tasks> {
  useTopic("inbox");
  const changed_at = useObject("inbox", "inbox")?.changed_at ?? 0;
  const loaded = useLoaded(`${wanted.kind ?? ""} ${wanted.closed}`, (signal) => readInbox(wanted, live.now_s(), signal));
  useAgain(changed_at, loaded.reload);
  return loaded;
}

function useAgain(changed_at: number, reload: () => void): void {
  const [seen, setSeen] = useState(changed_at);
  useEffect(() => {
    if (seen === changed_at) return;
    setSeen(changed_at);
    reload();
  }, [seen, changed_at, reload]);
}

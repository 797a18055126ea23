import { useEffect, useState } from "react";

import { useLoaded, type Loaded } from "../api/hooks";
import { readInbox, type TaskKind, type Tasks } from "../api/inbox";
import { useObject, useTopic } from "../live/hooks";

export interface Wanted {
  kind?: TaskKind | undefined;
  closed: boolean;
}

interface Listed extends Loaded<Tasks> {
  /** Reads one page more, where the list goes on; those before it again with it, so that all are of one moment. */
  more: () => void;
  /** Whether that is under way. */
  growing: boolean;
}

/** Callbacks and voicemails of the agent's groups, in no order; asked for again when the feed says that one has changed. */
export function useTasks(wanted: Wanted): Listed {
  useTopic("inbox");
  const changed_at = useObject("inbox", "inbox")?.changed_at ?? 0;
  const key = `${wanted.kind ?? ""} ${wanted.closed}`;
  const [asked, setAsked] = useState({ key, pages: 1 });
  const pages = asked.key === key ? asked.pages : 1;
  const loaded = useLoaded(key, (signal) => readInbox(wanted, pages, signal));
  useAgain(changed_at, loaded.reload);
  const more = () => {
    setAsked({ key, pages: (loaded.value?.pages ?? 0) + 1 });
    loaded.reload();
  };
  return { ...loaded, more, growing: loaded.loading && loaded.value !== undefined && loaded.value.pages < pages };
}

function useAgain(changed_at: number, reload: () => void): void {
  const [seen, setSeen] = useState(changed_at);
  useEffect(() => {
    if (seen === changed_at) return;
    setSeen(changed_at);
    reload();
  }, [seen, changed_at, reload]);
}

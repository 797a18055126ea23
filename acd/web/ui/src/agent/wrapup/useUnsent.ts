import { useEffect, useRef } from "react";

import { useLoaded, type Loaded } from "../../api/hooks";
import { keepDraft, readDrafts, readForms, sendWrapUp, type UnsentDraft } from "../../api/me";
import { useReloadEvery } from "../../api/useReloadEvery";
import type { Agent } from "../../live/shapes";
import { remembered } from "../../shell/taste";
import { callInHand } from "../controls";
import { isEmpty, newer, readDraftText, toSend, type Draft } from "./draft";
import { draftName, unsent } from "./unsent";

const AGAIN_S = 60;

/**
 * Sends by itself what was written about a call whose wrap-up is over, and lists what is left of others: where the server
 * has refused it, or the page was closed.
 */
export function useUnsent(agent: Agent, group: string | null): Loaded<UnsentDraft[]> {
  const wrapping = agent.state === "wrap_up" ? agent.wrap_up_call : null;
  const inHand = callInHand(agent);
  const drafts = useLoaded(`drafts ${wrapping ?? ""} ${inHand ?? ""}`, readDrafts);
  const { reload } = drafts;
  useReloadEvery(AGAIN_S, reload);
  const last = useRef<{ call: string; group: string | null } | null>(null);
  useEffect(() => {
    const over = last.current;
    // The call may leave the feed before the wrap-up does.
    last.current = wrapping === null ? null : { call: wrapping, group: group ?? (over?.call === wrapping ? over.group : null) };
    if (over === null || over.call === wrapping) return;
    unsent.left(over.call, (draft) => sendLeft(over.call, over.group, draft)).then(reload, reload);
  }, [wrapping, group, reload]);
  const busy = new Set([wrapping, inHand]);
  return { ...drafts, value: drafts.value?.filter((one) => !busy.has(one.call)).map(withNewest).filter((one) => !isEmpty(one.draft)) };
}

/** Where it is refused the server is to have all of it, for the list. */
async function sendLeft(call: string, group: string | null, draft: Draft): Promise<void> {
  try {
    await sendWrapUp(call, toSend(draft, (await readForms())[group ?? ""] ?? null), false);
  } catch (fault) {
    await keepDraft(call, draft);
    throw fault;
  }
}

/** This browser may have what never reached the server. */
const withNewest = (one: UnsentDraft): UnsentDraft => ({ ...one, draft: newer(one.draft, readDraftText(remembered(draftName(one.call)))) });

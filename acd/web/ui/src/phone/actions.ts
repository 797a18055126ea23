import { orderCall, type CallOrder } from "../api/me";
import type { Agent } from "../live/shapes";
import { live } from "../live/live";
import { phone } from "./browser";
import { answers } from "./answers";

/**
 * Carries out an order of the agent, whatever phone it is about. A phone in this browser answers here; it mutes here at
 * once, and at the server so that a page that is loaded anew does not switch the microphone on. All else is the server's.
 */
export async function orderThrough(agent: Pick<Agent, "id" | "browser_phone">, order: CallOrder, call?: string): Promise<unknown> {
  if (!agent.browser_phone) return orderCall(order, call);
  if (order.do === "answer" && (await answers(phone, () => isOffered(agent.id, call)))) return undefined;
  if (order.do === "mute") {
    phone.mute(order.on);
    if (order.on) return orderCall(order, call).catch(() => {}); // nothing leaves this browser any more
  }
  return orderCall(order, call);
}

/** Whether the agent's phone is being rung for this call, by the picture of now. */
function isOffered(id: string, call: string | undefined): boolean {
  const agent = live.store.objects("me").get(`agent:${id}`) as Agent | undefined;
  return call === undefined || (agent?.state === "ringing" && [agent.call, agent.own_call].includes(call));
}

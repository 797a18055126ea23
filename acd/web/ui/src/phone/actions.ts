import { orderCall, type CallOrder } from "../api/me";
import type { Agent } from "../live/shapes";
import { phone } from "./browser";
import { answers } from "./answers";

/**
 * Carries out an order of the agent, whatever phone it is about. A phone in this browser answers here; it mutes here at
 * once, and at the server so that a page that is loaded anew does not switch the microphone on. All else is the server's.
 */
export async function orderThrough(agent: Pick<Agent, "browser_phone">, order: CallOrder, call?: string): Promise<unknown> {
  if (!agent.browser_phone) return orderCall(order, call);
  if (order.do === "answer" && (await answers(phone))) return undefined;
  if (order.do === "mute") {
    phone.mute(order.on);
    if (order.on) return orderCall(order, call).catch(() => {}); // nothing leaves this browser any more
  }
  return orderCall(order, call);
}

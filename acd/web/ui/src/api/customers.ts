import { at, get, patch, post } from "./http";
import type { Card } from "./me";

export const searchCustomers = (q: string, limit: number, signal?: AbortSignal): Promise<{ customers: Card[] }> =>
  get("/api/customers", { q, limit }, signal);
export const addCustomer = (card: Partial<Card>): Promise<Card> => post("/api/customers", card);
export const changeCustomer = (id: string, card: Partial<Card> & { version: number }): Promise<Card> => patch(at`/api/customers/${id}`, card);
export const addNote = (id: string, text: string): Promise<Card> => post(at`/api/customers/${id}/notes`, { text });

/** Names by id; who or what is not known goes by the id. */
export interface Named {
  agent: (id: string) => string;
  group: (id: string) => string;
}

// The routing's lines (acd/core/reasons.py) have ids in these places: "anna, ready 5.0 s: longest ready", "next would be ben", "not chen: …",
// "2 ready with the skills of sales, ring 1", "… but kept for support (reserve)".
const OF_AGENT = /^(next would be |not )?([^\s,:]+)(?=[,:]|$)/;
const OF_GROUP = /( with the skills of | kept for )([^\s,]+)(?=,| \(reserve\)|$)/g;

/** Why the routing chose so, one line, with names in the places of ids. */
export const reasonText = (line: string, { agent, group }: Named): string =>
  line.replace(OF_AGENT, (_, before: string | undefined, id: string) => (before ?? "") + agent(id)).replace(OF_GROUP, (_, before: string, id: string) => before + group(id));

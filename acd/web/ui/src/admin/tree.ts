export interface Place {
  key: string;
  label: string;
  type?: "group";
  children?: Place[];
}

/** Files by their folders, as a menu shows them; those at the top first. */
export function places(paths: readonly string[]): Place[] {
  const folders = new Map<string, Place[]>();
  for (const path of paths) {
    const cut = path.lastIndexOf("/");
    const folder = cut < 0 ? "" : path.slice(0, cut);
    const files = folders.get(folder) ?? [];
    files.push({ key: path, label: path.slice(cut + 1) });
    folders.set(folder, files);
  }
  return [...folders].toSorted(([one], [other]) => one.localeCompare(other)).flatMap(([folder, files]) => (folder === "" ? files : [{ key: `folder ${folder}`, label: folder, type: "group" as const, children: files }]));
}

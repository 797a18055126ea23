/** One fault for everything that can go wrong with a request; `code` is stable, `message` is for people. */
export class ApiError extends Error {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  readonly code: string;
  /** Texts by the name of the faulty field. */
  readonly fields: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, fields: Record<string, string> = {}) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Query = Record<string, string | number | boolean | null | undefined>;

const TIMEOUT_MS = 10_000;
/** For a file, which is worked through before the answer comes. */
const FILE_TIMEOUT_MS = 600_000;
let onSignedOut: () => void = () => {};

/** `listener` is called when the server no longer knows our session. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** Asks the server; throws ApiError, also where no answer comes within ten seconds. A Blob is sent as it is, as what its type says. */
export async function request<Answer>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
  const response = await send(method, path, body, signal);
  return (response.status === 204 ? undefined : await readJson(response)) as Answer;
}

async function send(method: Method, path: string, body: unknown, signal: AbortSignal | undefined, limit_ms?: number): Promise<Response> {
  const file = body instanceof Blob ? body : null;
  const timeout = AbortSignal.timeout(limit_ms ?? (file ? FILE_TIMEOUT_MS : TIMEOUT_MS));
  const options: RequestInit = {
    method,
    credentials: "same-origin",
    cache: "no-store",
    headers: { Accept: "application/json" },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  };
  if (method !== "GET") {
    // Also without a body: a form of another site cannot send this type, so the server can tell.
    options.headers = { ...options.headers, "Content-Type": file?.type ?? "application/json" };
    options.body = file ?? JSON.stringify(body ?? {});
  }
  let response: Response;
  try {
    response = await fetch(path, options);
  } catch (fault) {
    if (signal?.aborted) throw fault;
    throw new ApiError(0, timeout.aborted ? "timeout" : "offline", "");
  }
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.status === 401 && path !== "/api/session") onSignedOut();
  throw error;
}

export const get = <Answer>(path: string, query: Query = {}, signal?: AbortSignal): Promise<Answer> =>
  request<Answer>("GET", path + search(query), undefined, signal);
/** For what is not JSON, such as a picture. */
export const getText = async (path: string, signal?: AbortSignal): Promise<string> => (await send("GET", path, undefined, signal)).text();
/** Has the browser keep what is there, under the name that the server gives it, else under this. */
export async function download(path: string, name: string): Promise<void> {
  const response = await send("GET", path, undefined, undefined, FILE_TIMEOUT_MS);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), FILE_TIMEOUT_MS);
}
export const post = <Answer>(path: string, body?: unknown): Promise<Answer> => request<Answer>("POST", path, body);
export const put = <Answer>(path: string, body?: unknown): Promise<Answer> => request<Answer>("PUT", path, body);
export const patch = <Answer>(path: string, body?: unknown): Promise<Answer> => request<Answer>("PATCH", path, body);
export const remove = <Answer>(path: string): Promise<Answer> => request<Answer>("DELETE", path);

/** `path` with each part encoded: ids may hold any character. */
export function at(strings: TemplateStringsArray, ...parts: string[]): string {
  return strings.reduce((path, text, index) => path + text + (index < parts.length ? encodeURIComponent(parts[index]!) : ""), "");
}

function search(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length === 0 ? "" : "?" + new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    throw new ApiError(response.status, "bad-answer", "");
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null && "error" in body && typeof body.error === "string") {
      const { message, fields } = body as { message?: unknown; fields?: unknown };
      return new ApiError(response.status, body.error, typeof message === "string" ? message : "", textsOf(fields));
    }
  } catch {
    // Whoever answered was not our server (a proxy in between): the status has to do.
  }
  return new ApiError(response.status, `http-${response.status}`, "");
}

function textsOf(fields: unknown): Record<string, string> {
  if (typeof fields !== "object" || fields === null) return {};
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, String(text)]));
}

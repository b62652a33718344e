// Asks the server. Retries once what may be a hiccup (no answer, or 5xx), never what the server refused (4xx),
// and never a 503 that says when to come back: waiting is then up to the person.

const BACKOFF_MS = 700;
const TIMEOUT_MS = 10_000;

export class Unreachable extends Error {}

export async function ask(path, { method = "GET", body, retries = 1 } = {}) {
  const request = {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  };
  for (let left = retries; ; left -= 1) {
    const answer = await once(path, request);
    const mayBeHiccup = answer === null || (answer.status >= 500 && answer.retryAfter === null);
    if (!mayBeHiccup || left <= 0) {
      if (answer === null) throw new Unreachable(path);
      return answer;
    }
    await new Promise((resolve) => setTimeout(resolve, BACKOFF_MS));
  }
}

// Like `ask`, for someone who is logged in: renews the session once when it has run out.
export async function askLoggedIn(path) {
  const answer = await ask(path);
  if (answer.status !== 401) return answer;
  const renewed = await renewSession();
  return renewed.ok ? ask(path) : answer;
}

// A refresh token is good for one use, so that the requests of a page share one renewal, and tabs take turns.
let renewal = null;

function renewSession() {
  const renew = () => ask("/api/auth/refresh", { method: "POST", retries: 0 });
  renewal ??= (navigator.locks ? navigator.locks.request("refresh", renew) : renew()).finally(() => {
    renewal = null;
  });
  return renewal;
}

async function once(path, request) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(path, { ...request, signal: giveUp.signal });
    const data = await response.json().catch(() => ({}));
    return { ok: response.ok, status: response.status, data, retryAfter: secondsToWait(response, data) };
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function secondsToWait(response, data) {
  const told = data?.error?.retryAfter ?? response.headers.get("Retry-After");
  const seconds = Number.parseInt(told, 10);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

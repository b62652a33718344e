import { ask, Unreachable } from "./api.js";
import { say } from "./status.js";

const READY_POLL_MS = 3000;

const form = document.getElementById("login");
const submit = document.getElementById("submit");
const retry = document.getElementById("retry");
const clinicName = document.getElementById("clinic-name");
const unnamedClinic = clinicName.textContent;

// Why the form may not be sent now; the button is enabled when nothing is left.
const reasons = new Set();

function hold(reason) {
  reasons.add(reason);
  submit.disabled = retry.disabled = true;
}

function release(reason) {
  reasons.delete(reason);
  submit.disabled = retry.disabled = reasons.size > 0;
}

async function watchReadiness() {
  const answer = await ask("/api/ready", { retries: 0 }).catch(() => null);
  if (answer?.status === 503) {
    hold("maintenance");
    say("System maintenance", "You cannot log in for a moment. This page comes back by itself.");
    setTimeout(watchReadiness, READY_POLL_MS);
  } else if (reasons.has("maintenance") && answer === null) {
    setTimeout(watchReadiness, READY_POLL_MS);
  } else if (reasons.has("maintenance")) {
    release("maintenance");
    say("The clinic is back", "You can log in now.");
  }
}

// Only for show: whatever goes wrong here, logging in does not depend on it.
async function showClinicName(query) {
  const answer = await ask(`/api/clinic/resolve?${new URLSearchParams(query)}`, { retries: 0 }).catch(() => null);
  const { name, slug } = answer?.ok ? answer.data : {};
  clinicName.textContent = typeof name === "string" ? name : unnamedClinic;
  if (typeof slug === "string" && !form.clinic.value) form.clinic.value = slug;
}

async function logIn(retries) {
  if (reasons.size > 0 || !form.reportValidity()) return;
  hold("sending");
  retry.hidden = true;
  say("Logging in …");
  const { clinic, email, password } = Object.fromEntries(new FormData(form));
  const body = { clinic: clinic.trim(), email: email.trim(), password };
  try {
    react(await ask("/api/auth/login", { method: "POST", body, retries }));
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    say("The clinic did not answer", "Please check your connection and try again.");
  } finally {
    release("sending");
  }
}

function react(answer) {
  if (answer.ok) {
    say("You are logged in");
    location.assign("/patients");
  } else if (answer.status === 503 && answer.retryAfter !== null) {
    countDown(answer.retryAfter);
  } else if (answer.status >= 500) {
    const reference = answer.data?.error?.requestId;
    say("Logging in did not work", "The fault is on our side. Please try again in a while.", reference);
  } else {
    say("Not logged in", answer.data?.error?.message ?? "Please check what you entered.");
  }
}

function countDown(seconds) {
  hold("countdown");
  const until = Date.now() + seconds * 1000;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left > 0) {
      say("The clinic is busy", `You can try again in ${left} s.`);
      return;
    }
    clearInterval(timer);
    release("countdown");
    say("The clinic was busy", "Please try again now.");
    retry.hidden = false;
    retry.focus();
  };
  const timer = setInterval(tick, 1000);
  tick();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  logIn(1);
});
retry.addEventListener("click", () => logIn(0));
form.clinic.addEventListener("change", () => showClinicName({ slug: form.clinic.value.trim() }));

const asked = new URLSearchParams(location.search).get("clinic");
const isDomain = /\.[a-z]/i.test(location.hostname); // not an address, nor localhost
if (asked) {
  form.clinic.value = asked;
  showClinicName({ slug: asked });
} else if (isDomain) {
  showClinicName({ host: location.hostname });
}
watchReadiness();

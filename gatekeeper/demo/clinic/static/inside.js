// What every page behind the login has: who is logged in, the way out, and the way back to the login.

import { ask, askLoggedIn, Unreachable } from "./api.js";
import { say } from "./status.js";

// Fetches and shows; `show` gets the data of a good answer.
export async function load(path, show) {
  say("Loading …");
  try {
    const answer = await askLoggedIn(path);
    if (answer.status === 401) location.replace("/login");
    else if (answer.ok) {
      say("");
      show(answer.data);
    } else say("This could not be shown", answer.data?.error?.message ?? "", answer.data?.error?.requestId);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    say("The clinic did not answer", "Please check your connection and load the page again.");
  }
}

async function logOut() {
  try {
    const answer = await ask("/api/auth/logout", { method: "POST" });
    if (answer.ok) location.assign("/login");
    else say("You are still logged in", answer.data?.error?.message ?? "", answer.data?.error?.requestId);
  } catch {
    say("You are still logged in", "The clinic did not answer. Please try again.");
  }
}

async function showWhoIsHere() {
  const answer = await askLoggedIn("/api/auth/me").catch(() => null);
  if (!answer?.ok) return;
  document.getElementById("clinic-name").textContent = answer.data.clinic.name;
  document.getElementById("staff-name").textContent = answer.data.name;
}

document.getElementById("logout").addEventListener("click", logOut);
showWhoIsHere();

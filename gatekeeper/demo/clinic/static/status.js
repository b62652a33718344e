// The status region: what has happened, and what a person can do now.

const region = document.getElementById("status");

export function say(headline, detail = "", requestId = "") {
  region.replaceChildren();
  if (!headline) return;
  const strong = document.createElement("strong");
  strong.textContent = headline;
  const reference = requestId ? ` (Reference: ${requestId})` : "";
  region.append(strong, `${detail}${reference}`);
}

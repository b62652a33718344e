import { load } from "./inside.js";

const list = document.getElementById("patient");

function add(term, value) {
  const dt = document.createElement("dt");
  const dd = document.createElement("dd");
  dt.textContent = term;
  dd.textContent = value ?? "not known";
  list.append(dt, dd);
}

const id = location.pathname.split("/").pop();

load(`/api/patients/${encodeURIComponent(id)}`, (patient) => {
  document.getElementById("patient-name").textContent = `${patient.givenName} ${patient.familyName}`;
  if ("preferredName" in patient) add("Preferred name", patient.preferredName);
  add("Born", patient.dateOfBirth);
  add("Record", patient.recordNumber);
  add("Phone", patient.phone);
  list.hidden = false;
});

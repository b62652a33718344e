import { load } from "./inside.js";

const table = document.getElementById("patients");

function row(patient) {
  const link = document.createElement("a");
  link.href = `/patients/${patient.id}`;
  link.textContent = `${patient.familyName}, ${patient.givenName}`;
  const line = table.tBodies[0].insertRow();
  line.insertCell().append(link);
  line.insertCell().textContent = patient.dateOfBirth;
  line.insertCell().textContent = patient.recordNumber;
}

load("/api/patients", ({ patients }) => {
  patients.forEach(row);
  table.hidden = false;
});

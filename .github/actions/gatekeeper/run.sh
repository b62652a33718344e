#!/usr/bin/env bash
# Runs one gatekeeper command in a job: annotations, the job summary, SARIF and the step's outputs.
# Expects GATEKEEPER (the program), COMMAND, ARGS, CONFIG, SINCE and SARIF, and GitHub's own variables.
set -uo pipefail

read -ra words <<< "$COMMAND"
read -ra arguments <<< "$ARGS"
common=()
[ -n "$CONFIG" ] && common+=(--config "$CONFIG")
chosen=("${arguments[@]}")
[ -n "$SINCE" ] && chosen+=(--since "$SINCE")

report="$RUNNER_TEMP/gatekeeper-report.md"
case "${words[0]}" in
    lint | check)
        "$GATEKEEPER" lint "${common[@]}" "${chosen[@]}" --format github
        "$GATEKEEPER" lint "${common[@]}" "${chosen[@]}" --format markdown > "$report"
        [ -n "$SARIF" ] && "$GATEKEEPER" lint "${common[@]}" "${chosen[@]}" --format sarif --output "$SARIF"
        ;;
    *)
        : > "$report"
        ;;
esac

text="$RUNNER_TEMP/gatekeeper-output.txt"
[ "${words[0]}" = lint ] || [ "${words[0]}" = check ] || [ "${words[0]}" = verify ] || chosen=("${arguments[@]}")
"$GATEKEEPER" "${words[@]}" "${common[@]}" "${chosen[@]}" --no-color 2>&1 | tee "$text"
code=${PIPESTATUS[0]}
{
    echo
    echo "<details><summary>gatekeeper $COMMAND</summary>"
    echo
    echo '```text'
    cat "$text"
    echo '```'
    echo
    echo "</details>"
} >> "$report"
cat "$report" >> "$GITHUB_STEP_SUMMARY"

case "$code" in
    0) verdict=pass ;;
    1) verdict=fail ;;
    4) verdict="gave way" ;;
    5) verdict=waits ;;
    *) verdict=unknown ;;
esac
{
    echo "verdict=$verdict"
    echo "findings=$(grep -cE '^\| (🛑|⚠️|💬) \|' "$report")"
    echo "report=$report"
} >> "$GITHUB_OUTPUT"
exit "$code"

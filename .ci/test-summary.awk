# Reads `go test -json` and prints what a person wants: a line a package, everything that failing tests said, and at the end the
# counts and every skip with its reason, so that no skip goes unseen. Exit status 1 if anything failed or nothing ran.

# text returns a string field of an event; Output comes after the other fields, so the first match is the right one.
function text(name,    key, at, rest) {
	key = "\"" name "\":\""
	at = index($0, key)
	if (!at) return ""
	rest = substr($0, at + length(key))
	if (name != "Output") return substr(rest, 1, index(rest, "\"") - 1)
	sub(/"(,"OutputType":"[a-z-]*")?\}$/, "", rest)
	gsub(/\\\\/, "\001", rest)
	gsub(/\\n/, "\n", rest)
	gsub(/\\t/, "\t", rest)
	gsub(/\\r/, "", rest)
	gsub(/\\"/, "\"", rest)
	gsub(/\\u003c/, "<", rest)
	gsub(/\\u003e/, ">", rest)
	gsub(/\\u0026/, "\\&", rest)
	gsub(/\\u001b\[[0-9;]*m/, "", rest)
	gsub(/\001/, "\\", rest)
	return rest
}

!/^\{/ { print; next }

{
	action = text("Action"); package = text("Package"); test = text("Test"); key = package SUBSEP test
	if (action == "build-output") printf "%s", text("Output")
	else if (action == "build-fail") bad = 1
	else if (action == "output" && test == "") {
		line = text("Output")
		if (line !~ /^(PASS|coverage:.*)\n$/ && line !~ /\[no test files\]/) printf "%s", line
	} else if (action == "output") {
		line = text("Output")
		if (line !~ /^=== /) said[key] = said[key] line
	} else if (action == "pass" && test != "") { passed++; delete said[key] }
	else if (action == "fail") {
		bad = 1
		if (test != "") { failed++; printf "%s", said[key]; delete said[key] }
	} else if (action == "skip" && test != "") {
		skipped++
		reason = said[key]
		sub(/^[ \t]*[^ :]+\.go:[0-9]+: /, "", reason)
		sub(/\n?[ \t]*--- SKIP:.*$/, "", reason)
		sub(/\n$/, "", reason)
		if (reason == "") reason = "(no reason given)"
		if (!(reason in count)) order[++reasons] = reason
		count[reason]++
		if (count[reason] <= 3) who[reason] = who[reason] (who[reason] == "" ? "" : ", ") test
		delete said[key]
	}
	fflush()
}

END {
	printf "\n%d passed, %d failed, %d skipped\n", passed, failed, skipped
	for (i = 1; i <= reasons; i++) {
		r = order[i]
		printf "skipped %d: %s  (%s%s)\n", count[r], r, who[r], (count[r] > 3 ? ", ..." : "")
	}
	if (!passed && !failed) { print "no test ran"; bad = 1 }
	exit bad
}

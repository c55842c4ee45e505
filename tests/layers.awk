# Includes point one way: reads C files, prints every include that does not.
# A room may include the rooms of lower ranks and itself; rooms of one rank
# are siblings and do not know each other.
BEGIN {
	rank["base"] = 0
	rank["net"] = rank["wire"] = rank["field"] = 1
	rank["tape"] = 2
	rank["relate"] = rank["scrub"] = rank["judge"] = 3
	rank["state"] = rank["service"] = 3
	rank["ledger"] = 4
	rank["proxy"] = rank["replay"] = 5
	rank["cli"] = 6
	# The one exception among siblings: a lane is configured once, and
	# replay's mocks stand for the same lanes.
	allowed["replay proxy"] = 1
	# Reporters take clean results and nothing else; JSON ones are read
	# back, too.
	split("base field judge tape", list, " ")
	for (i in list)
		for_reporters[list[i]] = 1
	bad = 0
}

function complain(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what
	bad = 1
}

FNR == 1 {
	n = split(FILENAME, part, "/")
	room = part[n - 1]
	if (part[1] == "reporters" || FILENAME == "include/dvr/reporter.h")
		room = "reporters"
	if (room != "reporters" && !(room in rank))
		complain("room '" room "' has no rank; see tests/layers.awk")
	dir = FILENAME
	sub(/\/[^\/]*$/, "", dir)
}

/^[ \t]*#[ \t]*include[ \t]*<dvr\/[a-z]+\// {
	other = $0
	sub(/^[^<]*<dvr\//, "", other)
	sub(/\/.*/, "", other)
	if (room == "reporters") {
		if (!(other in for_reporters))
			complain("reporters must not include " other)
	} else if (!(other in rank)) {
		complain("room '" other "' has no rank; see tests/layers.awk")
	} else if (other != room && rank[other] >= rank[room] &&
		   !((room " " other) in allowed)) {
		complain(room " must not include " other)
	}
}

/^[ \t]*#[ \t]*include[ \t]*<dvr\/reporter\.h>/ {
	if (room != "reporters" && room != "cli")
		complain("only cli knows reporters")
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
	file = $0
	sub(/^[^"]*"/, "", file)
	sub(/".*/, "", file)
	if ((getline line < (dir "/" file)) < 0 || file ~ /\//)
		complain("\"" file "\" is not of this room")
	close(dir "/" file)
}

END { exit bad }

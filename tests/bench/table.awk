# SPDX-License-Identifier: ISC
#
# Aligns rows of six fields, with tabs between them, under a header; counts
# the bounds that were missed.

function put(i, field) {
	if (i == 1)
		printf "%-" width[1] "s", field
	else if (i < 6)
		printf "  %" width[i] "s", field
	else
		printf "%s\n", field != "" ? "  " field : ""
}

BEGIN { split("what;value;baseline;ratio;bound;", head, ";") }

{
	for (i = 1; i <= 6; i++) {
		sub(/ +$/, "", $i)
		cell[NR, i] = $i
		if (length($i) > width[i])
			width[i] = length($i)
	}
	bounds += $6 != ""
	missed += $6 == "MISSED"
}

END {
	for (i = 1; i <= 6; i++) {
		if (length(head[i]) > width[i])
			width[i] = length(head[i])
	}
	for (i = 1; i <= 6; i++)
		put(i, head[i])
	for (n = 1; n <= NR; n++)
		for (i = 1; i <= 6; i++)
			put(i, cell[n, i])
	printf "%d of %d bounds kept\n", bounds - missed, bounds
}

# SPDX-License-Identifier: ISC
#
# Reads compare.csv and prints what README says of it.

# How often one number has the other, for each count of clients.
function ratios(action, other, field,    i, text) {
	for (i = 1; i <= 3; i++)
		text = text sprintf(i > 1 ? " %4.1f" : "%4.1f", \
		    value[action, levels[i], "nginx,latchkey", field] / \
		    value[action, levels[i], other, field])
	return text
}

function processor(action,    i, a, b) {
	for (i = 1; i <= 3; i++) {
		a += value[action, levels[i], "nginx,latchkey", 11]
		b += value[action, levels[i], "nginx,php", 11]
	}
	return sprintf("%.0f %%", 100 * a / b)
}

function most(name,    k, i, kib) {
	for (k = 1; k <= 4; k++)
		for (i = 1; i <= 3; i++)
			if (value[actions[k], levels[i], name, 14] > kib)
				kib = value[actions[k], levels[i], name, 14]
	return sprintf("%.0f MB", kib / 1024)
}

BEGIN {
	split("1 8 32", levels, " ")
	split("balance status services add", actions, " ")
	split("balance;status of 100 orders;services, 500 of them;" \
	    "add, synced to disk", titles, ";")
}

FNR > 1 {
	for (i = 5; i <= NF; i++)
		value[$1, $2, $3 "," $4, i] = $i + 0
}

END {
	format = "    %-24s%-18s%-18s%s\n"
	printf format, "calls a second,", "of PHP-FPM", "of Flask",
	    "processor time"
	printf format, "clients at once", "   1    8   32", "   1    8   32",
	    "of PHP-FPM's"
	for (k = 1; k <= 4; k++)
		printf format, titles[k], ratios(actions[k], "nginx,php", 5),
		    ratios(actions[k], "nginx,python", 5), processor(actions[k])
	printf "\n    memory: Latchkey %s, PHP-FPM %s, Flask %s\n\n",
	    most("nginx,latchkey"), most("nginx,php"), most("nginx,python")
}

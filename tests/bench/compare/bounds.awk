# SPDX-License-Identifier: ISC
#
# Reads compare.csv and prints what was to be reached as rows for
# tests/bench/table.awk.

function at(action, clients, name, field) {
	return value[action, clients, name, field]
}

# By how much a number of one service exceeds that of another.
function row(what, a, b, unit, ratio, sign, bound, is_percent) {
	printf "%s\t%.0f %s\t%.0f %s\t", what, a, unit, b, unit
	printf is_percent ? "%.0f %%\t" : "%.2f\t", \
	    is_percent ? 100 * ratio : ratio
	if (bound == "-")
		print "-\t"
	else
		printf "%s %s%s\t%s\n", sign, bound, is_percent ? " %" : "", \
		    (sign == ">=" ? \
		    ratio * (is_percent ? 100 : 1) >= bound + 0 : \
		    ratio <= bound + 0) ? "ok" : "MISSED"
}

function rate(action, clients, name, other, bound, is_percent,    a, b) {
	a = at(action, clients, name, 5)
	b = at(action, clients, other, 5)
	if (a == "" || b == "")
		return
	row(action ", " clients (clients == 1 ? " client, " : " clients, ") \
	    label[name] ", of " label[other], a, b, "/s", a / b, ">=", bound,
	    is_percent)
}

# The processor time of all calls of one action.
function cpu(action, name, other, bound,    i, a, b) {
	a = b = 0
	for (i = 1; i <= 3; i++) {
		a += at(action, levels[i], name, 11)
		b += at(action, levels[i], other, 11)
	}
	row(action ", processor, " label[name] ", of " label[other], a / 3,
	    b / 3, "us", b > 0 ? a / b : 0, "<=", bound, 0)
}

BEGIN {
	split("1 8 32", levels, " ")
	split("balance status services add", actions, " ")
	label["cgi,latchkey"] = "CGI"
	label["cgi,balance"] = "CGI (balance alone)"
	label["cgi,empty"] = "empty CGI"
	label["fcgid,latchkey"] = "mod_fcgid"
	label["proxy,latchkey"] = "mod_proxy_fcgi"
	label["nginx,latchkey"] = "nginx"
	label["fcgid,empty"] = label["proxy,empty"] = \
	    label["nginx,empty"] = "empty"
	label["proxy,php"] = label["nginx,php"] = "PHP-FPM"
	label["nginx,kept"] = "PHP-FPM, kept"
	label["nginx,python"] = "Flask"
}

FNR > 1 {
	for (i = 5; i <= NF; i++)
		value[$1, $2, $3 "," $4, i] = $i
	errors += $10
	calls += $9
}

END {
	for (i = 1; i <= 3; i++) {
		rate("balance", levels[i], "cgi,balance", "cgi,empty", 80, 1)
		rate("balance", levels[i], "cgi,latchkey", "cgi,empty", 80, 1)
		rate("balance", levels[i], "fcgid,latchkey", "fcgid,empty", 80,
		    1)
		rate("balance", levels[i], "proxy,latchkey", "proxy,empty", 80,
		    1)
		rate("balance", levels[i], "nginx,latchkey", "nginx,empty", 80,
		    1)
	}
	for (k = 1; k <= 4; k++) {
		action = actions[k]
		least = action == "balance" ? 2.5 : action == "services" ? "-" : 2
		for (i = 1; i <= 3; i++) {
			rate(action, levels[i], "proxy,latchkey", "proxy,php",
			    least)
			rate(action, levels[i], "nginx,latchkey", "nginx,php",
			    least)
			rate(action, levels[i], "nginx,latchkey", "nginx,kept",
			    "-")
			rate(action, levels[i], "nginx,latchkey",
			    "nginx,python", "-")
		}
		cpu(action, "proxy,latchkey", "proxy,php", 0.333)
		cpu(action, "nginx,latchkey", "nginx,php", 0.333)
	}
	for (i = 1; i <= 3; i++) {
		split("fcgid proxy nginx", servers, " ")
		name = servers[i] ",latchkey"
		slowest = at("balance", 32, name, 8) / 1000
		printf "slowest of %d calls, 32 clients, %s\t%.0f ms\t-\t-\t",
		    at("balance", 32, name, 9), label[name], slowest
		# It looks at a busy pool once a second: INSTALL says what
		# to take instead.
		if (servers[i] == "fcgid")
			print "-\t"
		else
			printf "< 250 ms\t%s\n",
			    slowest < 250 ? "ok" : "MISSED"
	}
	printf "wrong answers\t%d\t%d\t-\t= 0\t%s\n", errors, calls,
	    errors == 0 ? "ok" : "MISSED"
}

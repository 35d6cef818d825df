# SPDX-License-Identifier: ISC
#
# Reads compare.csv and prints it for people, a block for each action.

BEGIN {
	server["cgi"] = "Apache mod_cgid"
	server["fcgid"] = "Apache mod_fcgid"
	server["proxy"] = "Apache mod_proxy_fcgi"
	server["nginx"] = "nginx"
	service["empty"] = "empty program"
	service["balance"] = "Latchkey, balance"
	service["latchkey"] = "Latchkey"
	service["php"] = "PHP-FPM"
	service["kept"] = "PHP-FPM, kept"
	service["python"] = "Flask, gunicorn"
}

FNR == 1 { next }

{
	if ($1 != action || $2 != clients) {
		if ($1 != action)
			printf "\n%-9s%8s  %-21s  %-17s %7s %8s %8s %8s %6s" \
			    " %8s %8s %7s\n", "action", "clients", "server",
			    "service", "calls/s", "median", "99 %", "slowest",
			    "errors", "cpu/call", "server's", "memory"
		else
			print ""
		action = $1
		clients = $2
	}
	# mod_cgid does not tell what programs use: what the rest did not.
	cpu = $3 == "cgi" ? "~" sprintf("%.0f", $13 - $12) : sprintf("%.0f", $11)
	printf "%-9s%8d  %-21s  %-17s %7.0f %5.2f ms %5.1f ms %5.0f ms %6d" \
	    " %5s us %5.0f us %4.1f MB\n", $1, $2, server[$3], service[$4],
	    $5, $6 / 1000, $7 / 1000, $8 / 1000, $10, cpu, $12, $14 / 1024
}
END { print "" }

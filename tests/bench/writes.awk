# SPDX-License-Identifier: ISC
#
# Reads what strace wrote of some runs of one program, a file a run, and
# prints rows of the table: bytes written to each file of the data directory
# and syncs, in the median and at most.  Which file a descriptor is, is
# learnt from open and openat, which works for every user.
#
# Usage: awk -v data=DIR -f writes.awk TRACE...

function result() {
	return match($0, /= [0-9]+[^0-9]*$/) ? substr($0, RSTART + 2) + 0 : -1
}

function descriptor() {
	match($0, /\([0-9]+/)
	return substr($0, RSTART + 1, RLENGTH - 1)
}

# The n numbers of a list, sorted in place; the lists are short.
function sort(list, n,    i, j, x) {
	for (i = 2; i <= n; i++) {
		x = list[i]
		for (j = i; j > 1 && list[j - 1] > x; j--)
			list[j] = list[j - 1]
		list[j] = x
	}
}

function row(what, unit, values, bound,    list, i, median, most) {
	for (i = 1; i <= runs; i++)
		list[i] = values[i] + 0
	sort(list, runs)
	median = list[int((runs + 1) / 2)]
	most = list[runs]
	printf "add, %s, median\t%d%s\t-\t-\t", what, median, unit
	if (bound > 0)
		printf "<= %d%s\t%s\n", bound, unit,
			median <= bound ? "ok" : "MISSED"
	else
		printf "-\t\n"
	printf "add, %s, most\t%d%s\t-\t-\t-\t\n", what, most, unit
}

FNR == 1 {
	runs++
	split("", path)
}

/open(at)?\(/ {
	fd = result()
	if (fd >= 0 && match($0, /"[^"]*"/))
		path[fd] = substr($0, RSTART + 1, RLENGTH - 2)
	next
}

/(write|pwrite64|pwritev|pwritev2|writev)\(/ {
	file = path[descriptor()]
	if (index(file, data "/") == 1 && result() > 0) {
		file = substr(file, length(data) + 2)
		bytes[runs] += result()
		of[file, runs] += result()
		seen[file] = 1
	}
	next
}

/(fsync|fdatasync|sync_file_range|syncfs)\(/ { syncs[runs]++ }
/copy_file_range\(/ { print "add writes in a way not counted here"; exit 1 }
/ftruncate\(/ { truncates[runs]++ }

END {
	if (runs == 0)
		exit 1
	row("bytes written an order", " B", bytes, 49152)
	for (i = split("latchkey.db latchkey.db-journal rate.db", \
	    files, " "); i > 0; i--)
		delete seen[files[i]]
	for (file in seen)
		files[++extra + 3] = file
	for (i = 1; i <= 3 + extra; i++) {
		for (j = 1; j <= runs; j++)
			one[j] = of[files[i], j]
		row("bytes to " files[i], " B", one, 0)
	}
	row("syncs", "", syncs, 4)
	row("truncations", "", truncates, 0)
}

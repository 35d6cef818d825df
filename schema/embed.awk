# SPDX-License-Identifier: ISC
#
# Usage: awk -v set=NAME -f embed.awk FILE...
#
# Turns the SQL files given into C: each becomes a string without comments
# and needless white space.  Numbered files become rows of the array NAME,
# demo.sql becomes migrate_demo_sql.  No string in the SQL may contain "--".

function emit(text)
{
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	printf "    \"%s \"\n", text
}

function finish()
{
	if (file == "")
		return
	print numbered ? "    }," : "    ;"
}

BEGIN {
	print "/* Made from schema/ by embed.awk. */"
	print "#include \"migrate.h\""
}

FNR == 1 {
	name = FILENAME
	sub(/^.*\//, "", name)
	sub(/\.sql$/, "", name)
	numbered = name ~ /^[0-9]+_/
	if (numbered) {
		if (!open) {
			print "const struct migration " set "[] = {"
			open = 1
		}
		if (file != "")
			print "    },"
		printf "    { %d, \"%s\",\n", name + 0, name
	} else {
		if (open) {
			print "    }, { 0, NULL, NULL } };"
			open = 0
		}
		printf "const char migrate_%s_sql[] =\n", name
	}
	file = name
}

{
	sub(/--.*$/, "")
	gsub(/[ \t]+/, " ")
	sub(/^ /, "")
	sub(/ $/, "")
	if ($0 != "")
		emit($0)
}

END {
	if (open)
		print "    }, { 0, NULL, NULL } };"
	else
		print "    ;"
}

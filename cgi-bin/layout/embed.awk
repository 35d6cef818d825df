# SPDX-License-Identifier: ISC
#
# Turns one template into C: cgi-bin/layout/head.html becomes the constant
# template_layout_head.

FNR == 1 {
	n = split(FILENAME, part, "/")
	name = part[n - 1] "/" part[n]
	sub(/\.html$/, "", name)
	print "/* Made from " FILENAME " by embed.awk. */"
	print "#include \"templates.h\""
	print "static const char text[] ="
}

{
	# In strings of C; "??" could begin a trigraph.
	gsub(/[\\"?]/, "\\\\&")
	gsub(/\t/, "\\t")
	print "    \"" $0 "\\n\""
}

END {
	print "    ;"
	constant = name
	gsub(/[^a-z0-9]/, "_", constant)
	print "const struct template template_" constant " = {"
	print "    \"" name "\", text, sizeof(text) - 1"
	print "};"
}

/* SPDX-License-Identifier: ISC */
/*
 * Templates: the cases of Mustache's specification, what is refused and with
 * which line, where in HTML a variable may stand, the operator's overrides,
 * and every template that is built in.
 */
#include "template.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"
#include "suite.h"
#include "templates.h"

/* A template that a test makes: "layout/p" is "{{> p}}" elsewhere. */
static struct template template_of(const char *name, const char *text)
{
	const struct template template = { name, text, strlen(text) };

	return template;
}

/* The page that a template makes; NULL if it makes none.  To be freed. */
static char *
render(const struct templates *templates, const struct template *template,
    const char *model_text)
{
	json_t *model = json_loads(model_text, JSON_DECODE_ANY, NULL);
	char *page = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&page, &len);
	enum rc rc;

	ck_assert_ptr_nonnull(model);
	ck_assert_ptr_nonnull(out);
	rc = template_render(templates, template, model, out);
	ck_assert_int_eq(fclose(out), 0);
	json_decref(model);
	ck_assert(rc == RC_OK || rc == RC_FAIL);
	if (rc == RC_OK)
		return page;
	ck_assert_uint_eq(len, 0);
	free(page);
	return NULL;
}

/* The same for a text with at most one partial, p. */
static char *
render_text(const char *text, const char *p, const char *model)
{
	const struct template page = template_of("dashboard/x", text);
	const struct template partial =
	    template_of("layout/p", p != NULL ? p : "");
	const struct template *const layout[] = { p != NULL ? &partial : NULL,
		NULL };
	const struct templates templates = { layout, NULL };

	return render(&templates, &page, model);
}

static void
must_be(const char *text, const char *p, const char *model, const char *page)
{
	char *made = render_text(text, p, model);

	ck_assert_msg(made != NULL && strcmp(made, page) == 0,
	    "\"%s\" of %s is \"%s\", not \"%s\"", text, model,
	    made != NULL ? made : "(nothing)", page);
	free(made);
}

/* --- the specification ---------------------------------------------------- */

/*
 * The cases of github.com/mustache/spec (version 1.4), files comments,
 * interpolation, sections, inverted and partials, under the names they have
 * there; with values of our own, and p for the partial.  A page of NULL:
 * what {{{ }}}, {{& }} and {{= =}} would do is refused here.
 */
static const struct {
	const char *name, *text, *p, *model, *page;
} cases[] = {
	/* comments */
	{ "Inline", "12{{! no }}34", NULL, "{}", "1234" },
	{ "Multiline", "12{{!\n a\n b\n}}34\n", NULL, "{}", "1234\n" },
	{ "Standalone", "a\n{{! no }}\nb\n", NULL, "{}", "a\nb\n" },
	{ "Indented Standalone", "a\n  {{! no }}\nb\n", NULL, "{}", "a\nb\n" },
	{ "Standalone Line Endings", "|\r\n{{! no }}\r\n|", NULL, "{}",
	    "|\r\n|" },
	{ "Standalone Without Previous Line", "  {{! no }}\n!", NULL, "{}",
	    "!" },
	{ "Standalone Without Newline", "!\n  {{! no }}", NULL, "{}", "!\n" },
	{ "Multiline Standalone", "a\n{{!\nno\n}}\nb\n", NULL, "{}", "a\nb\n" },
	{ "Indented Multiline Standalone", "a\n  {{!\n    no\n  }}\nb\n", NULL,
	    "{}", "a\nb\n" },
	{ "Indented Inline", "  12 {{! 34 }}\n", NULL, "{}", "  12 \n" },
	{ "Surrounding Whitespace", "12 {{! no }} 34", NULL, "{}", "12  34" },
	{ "Variable Name Collision", "({{! a }}{{!a}}{{! a}})", NULL,
	    "{\"! a\":\"no\",\"!a\":\"no\",\"a\":\"no\"}", "()" },

	/* interpolation */
	{ "No Interpolation", "a {b}!\n", NULL, "{}", "a {b}!\n" },
	{ "Basic Interpolation", "a {{b}}!\n", NULL, "{\"b\":\"c\"}",
	    "a c!\n" },
	{ "No Re-interpolation", "{{a}}: {{b}}", NULL,
	    "{\"a\":\"{{b}}\",\"b\":\"c\"}", "{{b}}: c" },
	{ "HTML Escaping", "a {{b}}\n", NULL, "{\"b\":\"& \\\" < >\"}",
	    "a &amp; &quot; &lt; &gt;\n" },
	{ "Triple Mustache", "a {{{b}}}\n", NULL, "{\"b\":\"&\"}", NULL },
	{ "Ampersand", "a {{&b}}\n", NULL, "{\"b\":\"&\"}", NULL },
	{ "Basic Integer Interpolation", "\"{{n}} a\"", NULL, "{\"n\":85}",
	    "\"85 a\"" },
	{ "Triple Mustache Integer", "{{{n}}}", NULL, "{\"n\":85}", NULL },
	{ "Ampersand Integer", "{{&n}}", NULL, "{\"n\":85}", NULL },
	{ "Basic Decimal Interpolation", "\"{{n}} a\"", NULL, "{\"n\":1.21}",
	    "\"1.21 a\"" },
	{ "Triple Mustache Decimal", "{{{n}}}", NULL, "{\"n\":1.21}", NULL },
	{ "Ampersand Decimal", "{{&n}}", NULL, "{\"n\":1.21}", NULL },
	{ "Basic Null Interpolation", "a ({{b}}) c", NULL, "{\"b\":null}",
	    "a () c" },
	{ "Triple Mustache Null", "({{{b}}})", NULL, "{\"b\":null}", NULL },
	{ "Ampersand Null", "({{&b}})", NULL, "{\"b\":null}", NULL },
	{ "Basic Context Miss", "a ({{b}}) c", NULL, "{}", "a () c" },
	{ "Triple Mustache Context Miss", "({{{b}}})", NULL, "{}", NULL },
	{ "Ampersand Context Miss", "({{&b}})", NULL, "{}", NULL },
	{ "Dotted Names - Basic", "{{a.b}} = {{#a}}{{b}}{{/a}}", NULL,
	    "{\"a\":{\"b\":\"c\"}}", "c = c" },
	{ "Dotted Names - Triple Mustache", "{{{a.b}}}", NULL,
	    "{\"a\":{\"b\":\"c\"}}", NULL },
	{ "Dotted Names - Ampersand", "{{&a.b}}", NULL, "{\"a\":{\"b\":\"c\"}}",
	    NULL },
	{ "Dotted Names - Arbitrary Depth", "{{a.b.c.d.e.f}}", NULL,
	    "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":\"g\"}}}}}}", "g" },
	{ "Dotted Names - Broken Chains", "({{a.b.c}})", NULL, "{\"a\":{}}",
	    "()" },
	{ "Dotted Names - Broken Chain Resolution", "({{a.b.c.d}})", NULL,
	    "{\"a\":{\"b\":{}},\"c\":{\"d\":\"no\"}}", "()" },
	{ "Dotted Names - Initial Resolution", "{{#a}}{{b.c.d}}{{/a}}", NULL,
	    "{\"a\":{\"b\":{\"c\":{\"d\":\"yes\"}}},"
	    "\"b\":{\"c\":{\"d\":\"no\"}}}",
	    "yes" },
	{ "Dotted Names - Context Precedence", "({{#a}}{{b.c}}{{/a}})", NULL,
	    "{\"a\":{\"b\":{}},\"b\":{\"c\":\"no\"}}", "()" },
	{ "Dotted Names are never single keys", "({{a.b}})", NULL,
	    "{\"a.b\":\"no\"}", "()" },
	{ "Dotted Names - No Masking", "{{a.b}}", NULL,
	    "{\"a.b\":\"no\",\"a\":{\"b\":\"yes\"}}", "yes" },
	{ "Implicit Iterators - Basic", "a {{.}}!\n", NULL, "\"b\"", "a b!\n" },
	{ "Implicit Iterators - HTML Escaping", "a {{.}}\n", NULL,
	    "\"& \\\" < >\"", "a &amp; &quot; &lt; &gt;\n" },
	{ "Implicit Iterators - Triple Mustache", "{{{.}}}", NULL, "\"&\"",
	    NULL },
	{ "Implicit Iterators - Ampersand", "{{&.}}", NULL, "\"&\"", NULL },
	{ "Implicit Iterators - Basic Integer", "\"{{.}} a\"", NULL, "85",
	    "\"85 a\"" },
	{ "Interpolation - Surrounding Whitespace", "| {{a}} |", NULL,
	    "{\"a\":\"-\"}", "| - |" },
	{ "Triple Mustache - Surrounding Whitespace", "| {{{a}}} |", NULL,
	    "{\"a\":\"-\"}", NULL },
	{ "Ampersand - Surrounding Whitespace", "| {{&a}} |", NULL,
	    "{\"a\":\"-\"}", NULL },
	{ "Interpolation - Standalone", "  {{a}}\n", NULL, "{\"a\":\"-\"}",
	    "  -\n" },
	{ "Triple Mustache - Standalone", "  {{{a}}}\n", NULL, "{\"a\":\"-\"}",
	    NULL },
	{ "Ampersand - Standalone", "  {{&a}}\n", NULL, "{\"a\":\"-\"}", NULL },
	{ "Interpolation With Padding", "|{{ a }}|", NULL, "{\"a\":\"-\"}",
	    "|-|" },
	{ "Triple Mustache With Padding", "|{{{ a }}}|", NULL, "{\"a\":\"-\"}",
	    NULL },
	{ "Ampersand With Padding", "|{{& a }}|", NULL, "{\"a\":\"-\"}", NULL },

	/* sections */
	{ "Truthy", "({{#a}}yes{{/a}})", NULL, "{\"a\":true}", "(yes)" },
	{ "Falsey", "({{#a}}no{{/a}})", NULL, "{\"a\":false}", "()" },
	{ "Null is falsey", "({{#a}}no{{/a}})", NULL, "{\"a\":null}", "()" },
	{ "Context", "({{#a}}I am {{b}}.{{/a}})", NULL, "{\"a\":{\"b\":\"c\"}}",
	    "(I am c.)" },
	{ "Parent contexts", "({{#s}}{{a}}, {{b}}, {{c.d}}{{/s}})", NULL,
	    "{\"a\":\"1\",\"b\":\"no\",\"s\":{\"b\":\"2\"},"
	    "\"c\":{\"d\":\"3\"}}",
	    "(1, 2, 3)" },
	{ "Variable test", "({{#a}}{{.}} is {{a}}{{/a}})", NULL,
	    "{\"a\":\"b\"}", "(b is b)" },
	{ "List Contexts",
	    "{{#t}}{{#m}}{{o.x}}{{k}}.{{#b}}{{o.y}}{{k}}{{l}}.{{/b}}{{/m}}"
	    "{{/t}}",
	    NULL,
	    "{\"t\":[{\"o\":{\"y\":\"A\",\"x\":\"a\"},\"m\":[{\"k\":\"1\","
	    "\"b\":[{\"l\":\"x\"},{\"l\":\"y\"}]}]}]}",
	    "a1.A1x.A1y." },
	{ "Deeply Nested Contexts",
	    "{{#a}}\n{{1}}\n{{#b}}\n{{1}}{{2}}{{1}}\n{{#c}}\n"
	    "{{1}}{{2}}{{3}}{{2}}{{1}}\n{{#d}}\n{{1}}{{2}}{{3}}{{4}}\n"
	    "{{#5}}\n{{1}}{{2}}{{3}}{{4}}{{5}}{{.}}\n{{/5}}\n{{4}}\n"
	    "{{/d}}\n{{3}}\n{{/c}}\n{{2}}\n{{/b}}\n{{1}}{{2}}\n{{/a}}\n",
	    NULL,
	    "{\"a\":{\"1\":1},\"b\":{\"2\":2},"
	    "\"c\":{\"3\":3,\"d\":{\"4\":4,\"5\":5}}}",
	    "1\n121\n12321\n1234\n123455\n4\n3\n2\n1\n" },
	{ "List", "({{#l}}{{i}}{{/l}})", NULL,
	    "{\"l\":[{\"i\":1},{\"i\":2},{\"i\":3}]}", "(123)" },
	{ "Empty List", "({{#l}}no{{/l}})", NULL, "{\"l\":[]}", "()" },
	{ "Doubled",
	    "{{#a}}\n* 1\n{{/a}}\n* {{b}}\n{{#a}}\n* 3\n"
	    "{{/a}}\n",
	    NULL, "{\"a\":true,\"b\":\"2\"}", "* 1\n* 2\n* 3\n" },
	{ "Nested (Truthy)", "| A {{#a}}B {{#a}}C{{/a}} D{{/a}} E |", NULL,
	    "{\"a\":true}", "| A B C D E |" },
	{ "Nested (Falsey)", "| A {{#a}}B {{#a}}C{{/a}} D{{/a}} E |", NULL,
	    "{\"a\":false}", "| A  E |" },
	{ "Context Misses", "[{{#a}}no{{/a}}]", NULL, "{}", "[]" },
	{ "Implicit Iterator - String", "{{#l}}({{.}}){{/l}}", NULL,
	    "{\"l\":[\"a\",\"b\",\"c\"]}", "(a)(b)(c)" },
	{ "Implicit Iterator - Integer", "{{#l}}({{.}}){{/l}}", NULL,
	    "{\"l\":[1,2,3]}", "(1)(2)(3)" },
	{ "Implicit Iterator - Decimal", "{{#l}}({{.}}){{/l}}", NULL,
	    "{\"l\":[1.1,2.2,3.3]}", "(1.1)(2.2)(3.3)" },
	{ "Implicit Iterator - Array", "{{#l}}({{#.}}{{.}}{{/.}}){{/l}}", NULL,
	    "{\"l\":[[1,2],[\"a\",\"b\"]]}", "(12)(ab)" },
	{ "Implicit Iterator - HTML Escaping", "{{#l}}({{.}}){{/l}}", NULL,
	    "{\"l\":[\"&\",\"\\\"\",\"<\",\">\"]}",
	    "(&amp;)(&quot;)(&lt;)(&gt;)" },
	{ "Implicit Iterator - Triple mustache", "{{#l}}({{{.}}}){{/l}}", NULL,
	    "{\"l\":[\"&\"]}", NULL },
	{ "Implicit Iterator - Ampersand", "{{#l}}({{&.}}){{/l}}", NULL,
	    "{\"l\":[\"&\"]}", NULL },
	{ "Implicit Iterator - Root-level", "{{#.}}({{v}}){{/.}}", NULL,
	    "[{\"v\":\"a\"},{\"v\":\"b\"}]", "(a)(b)" },
	{ "Dotted Names - Truthy", "({{#a.b.c}}yes{{/a.b.c}})", NULL,
	    "{\"a\":{\"b\":{\"c\":true}}}", "(yes)" },
	{ "Dotted Names - Falsey", "({{#a.b.c}}no{{/a.b.c}})", NULL,
	    "{\"a\":{\"b\":{\"c\":false}}}", "()" },
	{ "Dotted Names - Broken Chains", "({{#a.b.c}}no{{/a.b.c}})", NULL,
	    "{\"a\":{}}", "()" },
	{ "Surrounding Whitespace", " | {{#a}}\t|\t{{/a}} | \n", NULL,
	    "{\"a\":true}", " | \t|\t | \n" },
	{ "Internal Whitespace", " | {{#a}} {{! no }}\n {{/a}} | \n", NULL,
	    "{\"a\":true}", " |  \n  | \n" },
	{ "Indented Inline Sections", " {{#a}}1{{/a}}\n {{#a}}2{{/a}}\n", NULL,
	    "{\"a\":true}", " 1\n 2\n" },
	{ "Standalone Lines", "| a\n{{#a}}\n|\n{{/a}}\n| b\n", NULL,
	    "{\"a\":true}", "| a\n|\n| b\n" },
	{ "Indented Standalone Lines", "| a\n  {{#a}}\n|\n  {{/a}}\n| b\n",
	    NULL, "{\"a\":true}", "| a\n|\n| b\n" },
	{ "Standalone Line Endings", "|\r\n{{#a}}\r\n{{/a}}\r\n|", NULL,
	    "{\"a\":true}", "|\r\n|" },
	{ "Standalone Without Previous Line", "  {{#a}}\n#{{/a}}\n/", NULL,
	    "{\"a\":true}", "#\n/" },
	{ "Standalone Without Newline", "#{{#a}}\n/\n  {{/a}}", NULL,
	    "{\"a\":true}", "#\n/\n" },
	{ "Padding", "|{{# a }}={{/ a }}|", NULL, "{\"a\":true}", "|=|" },

	/* inverted */
	{ "Falsey", "({{^a}}yes{{/a}})", NULL, "{\"a\":false}", "(yes)" },
	{ "Truthy", "({{^a}}no{{/a}})", NULL, "{\"a\":true}", "()" },
	{ "Null is falsey", "({{^a}}yes{{/a}})", NULL, "{\"a\":null}",
	    "(yes)" },
	{ "Context", "({{^a}}{{b}}{{/a}})", NULL, "{\"a\":{\"b\":\"c\"}}",
	    "()" },
	{ "List", "({{^l}}{{n}}{{/l}})", NULL, "{\"l\":[{\"n\":1},{\"n\":2}]}",
	    "()" },
	{ "Empty List", "({{^l}}yes{{/l}})", NULL, "{\"l\":[]}", "(yes)" },
	{ "Doubled",
	    "{{^a}}\n* 1\n{{/a}}\n* {{b}}\n{{^a}}\n* 3\n"
	    "{{/a}}\n",
	    NULL, "{\"a\":false,\"b\":\"2\"}", "* 1\n* 2\n* 3\n" },
	{ "Nested (Falsey)", "| A {{^a}}B {{^a}}C{{/a}} D{{/a}} E |", NULL,
	    "{\"a\":false}", "| A B C D E |" },
	{ "Nested (Truthy)", "| A {{^a}}B {{^a}}C{{/a}} D{{/a}} E |", NULL,
	    "{\"a\":true}", "| A  E |" },
	{ "Context Misses", "[{{^a}}yes{{/a}}]", NULL, "{}", "[yes]" },
	{ "Dotted Names - Truthy", "({{^a.b.c}}no{{/a.b.c}})", NULL,
	    "{\"a\":{\"b\":{\"c\":true}}}", "()" },
	{ "Dotted Names - Falsey", "({{^a.b.c}}yes{{/a.b.c}})", NULL,
	    "{\"a\":{\"b\":{\"c\":false}}}", "(yes)" },
	{ "Dotted Names - Broken Chains", "({{^a.b.c}}yes{{/a.b.c}})", NULL,
	    "{\"a\":{}}", "(yes)" },
	{ "Surrounding Whitespace", " | {{^a}}\t|\t{{/a}} | \n", NULL,
	    "{\"a\":false}", " | \t|\t | \n" },
	{ "Internal Whitespace", " | {{^a}} {{! no }}\n {{/a}} | \n", NULL,
	    "{\"a\":false}", " |  \n  | \n" },
	{ "Indented Inline Sections", " {{^a}}1{{/a}}\n {{^a}}2{{/a}}\n", NULL,
	    "{\"a\":false}", " 1\n 2\n" },
	{ "Standalone Lines", "| a\n{{^a}}\n|\n{{/a}}\n| b\n", NULL,
	    "{\"a\":false}", "| a\n|\n| b\n" },
	{ "Standalone Indented Lines", "| a\n  {{^a}}\n|\n  {{/a}}\n| b\n",
	    NULL, "{\"a\":false}", "| a\n|\n| b\n" },
	{ "Standalone Line Endings", "|\r\n{{^a}}\r\n{{/a}}\r\n|", NULL,
	    "{\"a\":false}", "|\r\n|" },
	{ "Standalone Without Previous Line", "  {{^a}}\n^{{/a}}\n/", NULL,
	    "{\"a\":false}", "^\n/" },
	{ "Standalone Without Newline", "^{{^a}}\n/\n  {{/a}}", NULL,
	    "{\"a\":false}", "^\n/\n" },
	{ "Padding", "|{{^ a }}={{/ a }}|", NULL, "{\"a\":false}", "|=|" },

	/* partials */
	{ "Basic Behavior", "({{>p}})", "it", "{}", "(it)" },
	{ "Failed Lookup", "({{>p}})", NULL, "{}", "()" },
	{ "Context", "({{>p}})", "*{{a}}*", "{\"a\":\"b\"}", "(*b*)" },
	{ "Recursion", "{{>p}}", "{{c}}<{{#n}}{{>p}}{{/n}}>",
	    "{\"c\":\"X\",\"n\":[{\"c\":\"Y\",\"n\":[]}]}", "X<Y<>>" },
	{ "Nested", "{{>p}}", "*{{a}} {{>q}}*", "{\"a\":\"b\"}", "*b *" },
	{ "Surrounding Whitespace", "| {{>p}} |", "\t|\t", "{}", "| \t|\t |" },
	{ "Inline Indentation", "  {{a}}  {{> p}}\n", ">\n>", "{\"a\":\"|\"}",
	    "  |  >\n>\n" },
	{ "Standalone Line Endings", "|\r\n{{>p}}\r\n|", ">", "{}", "|\r\n>|" },
	{ "Standalone Without Previous Line", "  {{>p}}\n>", ">\n>", "{}",
	    "  >\n  >>" },
	{ "Standalone Without Newline", ">\n  {{>p}}", ">\n>", "{}",
	    ">\n  >\n  >" },
	/* There the value is raw. */
	{ "Standalone Indentation", "\\\n {{>p}}\n/\n", "|\n{{a}}\n|\n",
	    "{\"a\":\"(\\n-\"}", "\\\n |\n (\n-\n |\n/\n" },
	{ "Padding Whitespace", "|{{> p }}|", "[]", "{\"a\":true}", "|[]|" },

	/* delimiters; two stand for all, which begin like these */
	{ "Pair Behavior", "{{=<% %>=}}(<%a%>)", NULL, "{\"a\":\"b\"}", NULL },
	{ "Standalone Tag", "a\n{{=@ @=}}\nb\n", NULL, "{}", NULL },
};

START_TEST(the_specifications_cases_hold)
{
	char *log;

	if (cases[_i].page != NULL) {
		must_be(cases[_i].text, cases[_i].p, cases[_i].model,
		    cases[_i].page);
		return;
	}
	scratch_log_start();
	ck_assert_ptr_null(
	    render_text(cases[_i].text, cases[_i].p, cases[_i].model));
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "cannot read the template dashboard/x");
	free(log);
}
END_TEST

/* --- beyond it ------------------------------------------------------------ */

static const struct {
	const char *text, *p, *model, *page;
} pages[] = {
	/* what is not true, after JavaScript's rule, which is the example */
	{ "{{#a}}no{{/a}}{{^a}}yes{{/a}}", NULL, "{\"a\":0}", "yes" },
	{ "{{#a}}no{{/a}}{{^a}}yes{{/a}}", NULL, "{\"a\":0.0}", "yes" },
	{ "{{#a}}no{{/a}}{{^a}}yes{{/a}}", NULL, "{\"a\":\"\"}", "yes" },
	{ "{{#a}}yes{{/a}}{{^a}}no{{/a}}", NULL, "{\"a\":\"0\"}", "yes" },
	{ "{{#a}}yes{{/a}}{{^a}}no{{/a}}", NULL, "{\"a\":-1}", "yes" },
	{ "{{#a}}yes{{/a}}{{^a}}no{{/a}}", NULL, "{\"a\":{}}", "yes" },
	/* items of a list are written, whatever they are */
	{ "{{#l}}({{.}}){{/l}}", NULL, "{\"l\":[0,\"\",null,false]}",
	    "(0)()()(false)" },
	/* values that are no text */
	{ "{{a}} {{b}} {{c}}", NULL, "{\"a\":true,\"b\":null,\"c\":-5}",
	    "true  -5" },
	{ "({{a}})({{b}})", NULL, "{\"a\":{\"x\":1},\"b\":[1]}", "()()" },
	{ "{{a}}", NULL, "{\"a\":9223372036854775807}", "9223372036854775807" },
	{ "{{a}}", NULL, "{\"a\":1e300}", "1e+300" },
	{ "{{.}}", NULL, "\"<\"", "&lt;" },
	/* null hides what is outside */
	{ "{{#a}}({{b}}){{/a}}", NULL, "{\"a\":{\"b\":null},\"b\":\"no\"}",
	    "()" },
	/* a name of a list's property, or of a text's, is nothing */
	{ "({{l.0}})({{l.length}})({{s.x}})", NULL,
	    "{\"l\":[1],\"s\":\"text\"}", "()()()" },
	/* an inverted section has no context of its own */
	{ "{{#a}}{{^b}}{{c}}{{/b}}{{/a}}", NULL, "{\"a\":{\"c\":\"d\"}}", "d" },
	/* braces that are no tag */
	{ "{ { } } }} {", NULL, "{}", "{ { } } }} {" },
	/* lines of a partial in lines of a partial */
	{ "{{#l}}\n  {{>p}}\n{{/l}}\n", "<\n{{#a}}\n  {{>p}}\n{{/a}}\n>\n",
	    "{\"a\":null,\"l\":[{\"a\":[{\"a\":null}]}]}",
	    "  <\n    <\n    >\n  >\n" },
	/* an empty line is indented, what has gone is not */
	{ " {{>p}}\n", "a\n\n{{! no }}\n{{#b}}\n{{/b}}\nc", "{}", " a\n \n c" },
	/* a line that begins with a tag is */
	{ " {{>p}}\n", "{{a}}\n{{#a}}b{{/a}}\n{{^c}}\nd\n{{/c}} e\n",
	    "{\"a\":\"A\"}", " A\n b\n d\n  e\n" },
	{ " {{>p}}\n", "{{#a}}\nx\n{{/a}} y\n", "{\"a\":[1,2]}",
	    " x\n  x\n  y\n" },
	/* inside a line, a partial's lines are as they are */
	{ " {{>p}}.", "a\nb\n", "{}", " a\nb\n." },
	{ "", NULL, "{}", "" },
};

START_TEST(what_the_specification_leaves_open_is_settled)
{
	must_be(pages[_i].text, pages[_i].p, pages[_i].model, pages[_i].page);
}
END_TEST

/* Each character alone, as the only one that could be dangerous. */
START_TEST(every_character_is_escaped_or_harmless)
{
	static const char *const escaped[128] = { ['&'] = "&amp;",
		['<'] = "&lt;",
		['>'] = "&gt;",
		['"'] = "&quot;",
		['\''] = "&#39;" };
	const struct template page = template_of("dashboard/x", "[{{a}}]");
	const struct template *const layout[] = { NULL };
	const struct templates templates = { layout, NULL };
	char text[4] = "aXb", expected[16], *made;
	size_t len;
	json_t *model;
	FILE *out;
	int c;

	for (c = 0; c < 128; c++) {
		text[1] = (char)c;
		if (escaped[c] != NULL)
			(void)snprintf(
			    expected, sizeof(expected), "[a%sb]", escaped[c]);
		else if (c == '\t' || c == '\n' || c == '\r' ||
			 (c >= ' ' && c != 0x7f))
			(void)snprintf(expected, sizeof(expected), "[a%cb]", c);
		else
			(void)snprintf(expected, sizeof(expected),
			    "[a\xef\xbf\xbd"
			    "b]");
		model = json_pack("{s:o}", "a", json_stringn(text, 3));
		ck_assert_ptr_nonnull(model);
		out = open_memstream(&made, &len);
		ck_assert_int_eq(
		    template_render(&templates, &page, model, out), RC_OK);
		(void)fclose(out);
		ck_assert_str_eq(made, expected);
		ck_assert_uint_eq(len, strlen(expected));
		free(made);
		json_decref(model);
	}
	must_be("{{a}}", NULL, "{\"a\":\"\\u00e9\\u20ac\\ud83d\\ude00\"}",
	    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}
END_TEST

/* --- what is refused ------------------------------------------------------ */

static const struct {
	const char *text;
	int line;
	const char *why;
} bad[] = {
	{ "{{", 1, "a tag without end" },
	{ "\n\n{{a", 3, "a tag without end" },
	{ "{{a}", 1, "a tag without end" },
	{ "{{! a }", 1, "a tag without end" },
	{ "{{}}", 1, "a tag whose name" },
	{ "{{ }}", 1, "a tag whose name" },
	{ "{{#}}{{/}}", 1, "a tag whose name" },
	{ "{{a b}}", 1, "a tag whose name" },
	{ "{{a-b}}", 1, "a tag whose name" },
	{ "{{.a}}", 1, "a tag whose name" },
	{ "{{a.}}", 1, "a tag whose name" },
	{ "{{a..b}}", 1, "a tag whose name" },
	{ "{{..}}", 1, "a tag whose name" },
	{ "{{\xc3\xa4}}", 1, "a tag whose name" },
	{ "{{>a.b}}", 1, "a tag whose name" },
	{ "{{>../a}}", 1, "a tag whose name" },
	{ "{{>a/b}}", 1, "a tag whose name" },
	{ "{{>.}}", 1, "a tag whose name" },
	{ "{{>*a}}", 1, "a tag whose name" },
	{ "{{<a}}{{/a}}", 1, "a tag whose name" },
	{ "{{$a}}{{/a}}", 1, "a tag whose name" },
	{ "a\n{{{b}}}", 2, "{{{: a variable is always escaped" },
	{ "a\n\n{{&b}}", 3, "{{&: a variable is always escaped" },
	{ "{{ &b}}", 1, "{{&: a variable is always escaped" },
	{ "{{=| |=}}", 1, "{{=: tags are always in {{ }}" },
	{ "a\n{{#b}}\nc", 2, "the section b does not end" },
	{ "{{#a}}\n{{#b}}\n{{/b}}", 1, "the section a does not end" },
	{ "{{^a}}", 1, "the section a does not end" },
	{ "\n{{/a}}", 2, "{{/a}} ends no section" },
	{ "{{#a}}\n\n{{/b}}", 3, "{{/b}} ends the section a of line 1" },
	{ "{{#a}}\n{{#b}}\n{{/a}}\n{{/b}}", 3,
	    "{{/a}} ends the section b of line 2" },
	{ "{{#a}}{{/aa}}", 1, "{{/aa}} ends the section a of line 1" },
	{ "{{#ab}}{{/a}}", 1, "{{/a}} ends the section ab of line 1" },
	{ "{{!\n\n}}\n{{#a}}", 4, "the section a does not end" },
	{ "{{a}}{{!\n}}{{/b}}", 2, "{{/b}} ends no section" },
};

static void
must_fail(const struct template *template, int line, const char *why)
{
	struct template_fault fault = { 0 };

	ck_assert_int_eq(template_check(template, &fault), RC_INVALID);
	ck_assert_msg(strstr(fault.why, why) != NULL && fault.line == line,
	    "%.80s: line %d: %s", template->text, fault.line, fault.why);
}

START_TEST(a_bad_tag_is_told_with_its_line)
{
	const struct template template = template_of("layout/x", bad[_i].text);

	must_fail(&template, bad[_i].line, bad[_i].why);
}
END_TEST

/* n times a text; to be freed. */
static char *
times(const char *text, size_t n)
{
	size_t len = strlen(text), i;
	char *all = malloc(n * len + 1);

	ck_assert_ptr_nonnull(all);
	for (i = 0; i < n; i++)
		memcpy(all + i * len, text, len);
	all[n * len] = '\0';
	return all;
}

static char *
joined(char *first, char *second)
{
	char *both;

	ck_assert_int_ge(asprintf(&both, "%s%s", first, second), 0);
	free(first);
	free(second);
	return both;
}

static void
must_be_bounded(char *good, char *more, const char *why)
{
	struct template_fault fault = { 0 };
	struct template template = template_of("layout/x", good);

	ck_assert_int_eq(template_check(&template, &fault), RC_OK);
	template = template_of("layout/x", more);
	must_fail(&template, 1, why);
	free(good);
	free(more);
}

START_TEST(a_template_is_bounded)
{
	must_be_bounded(times("a", TEMPLATE_SIZE_MAX),
	    times("a", TEMPLATE_SIZE_MAX + 1), "more than 262144 bytes");
	must_be_bounded(times("{{a}}", TEMPLATE_NODES_MAX - 1),
	    times("{{a}}", TEMPLATE_NODES_MAX + 1), "more than 16384 tags");
	must_be_bounded(joined(times("{{#a}}", TEMPLATE_DEPTH_MAX),
			    times("{{/a}}", TEMPLATE_DEPTH_MAX)),
	    joined(times("{{#a}}", TEMPLATE_DEPTH_MAX + 1),
		times("{{/a}}", TEMPLATE_DEPTH_MAX + 1)),
	    "more than 64 sections in each other");
	must_be_bounded(
	    joined(joined(strdup("{{"), times("a", 64)), strdup("}}")),
	    joined(joined(strdup("{{"), times("a", 65)), strdup("}}")),
	    "a tag whose name");
}
END_TEST

static void
must_not_end(char *text, const char *p, const char *model, const char *why)
{
	char *log;

	scratch_log_start();
	ck_assert_ptr_null(render_text(text, p, model));
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, why);
	free(log);
	free(text);
}

/* A list of n empty texts, as a model's "a". */
static char *
list_of(size_t n)
{
	return joined(joined(strdup("{\"a\":[\"\""), times(",\"\"", n - 1)),
	    strdup("]}"));
}

START_TEST(a_page_is_bounded)
{
	char *model = list_of(2000), *text;

	/* a partial in itself for ever */
	must_not_end(
	    strdup("{{>p}}"), "a{{>p}}", "{}", "sections and partials");
	must_not_end(strdup("{{>p}}"), "{{#a}}{{>p}}{{/a}}", "{\"a\":{}}",
	    "sections and partials");
	/* much text */
	text = joined(
	    joined(strdup("{{#a}}"), times("b", 3000)), strdup("{{/a}}"));
	must_not_end(text, NULL, model, "too long");
	/* none, but much work: 2000 * 2000 * 2000 */
	must_not_end(strdup("{{#a}}{{#a}}{{#a}}{{/a}}{{/a}}{{/a}}"), NULL,
	    model, "too long");
	free(model);
	/* one text */
	model = joined(joined(strdup("{\"a\":\""),
			   times("<", TEMPLATE_OUTPUT_MAX / 4 + 1)),
	    strdup("\"}"));
	must_not_end(strdup("{{a}}"), NULL, model, "too long");
	free(model);
}
END_TEST

START_TEST(a_page_has_a_bounded_number_of_partials)
{
	static char names[TEMPLATE_PARTIALS_MAX + 1][32];
	static struct template partials[TEMPLATE_PARTIALS_MAX + 1];
	const struct template *layout[TEMPLATE_PARTIALS_MAX + 2] = { NULL };
	const struct templates templates = { layout, NULL };
	char *text = strdup("{{>p0}}"), tag[16], *page, *log;
	struct template template;
	int i;

	for (i = 0; i <= TEMPLATE_PARTIALS_MAX; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "layout/p%d", i);
		partials[i] = template_of(names[i], "x");
		layout[i] = &partials[i];
		if (i == 0)
			continue;
		if (i == TEMPLATE_PARTIALS_MAX) {
			template = template_of("dashboard/x", text);
			page = render(&templates, &template, "{}");
			ck_assert_uint_eq(strlen(page), TEMPLATE_PARTIALS_MAX);
			free(page);
		}
		(void)snprintf(tag, sizeof(tag), "{{>p%d}}", i);
		text = joined(text, strdup(tag));
	}
	template = template_of("dashboard/x", text);
	scratch_log_start();
	ck_assert_ptr_null(render(&templates, &template, "{}"));
	log = scratch_log_end(NULL);
	scratch_log_must_be(log, "it has too many partials");
	free(log);
	free(text);
}
END_TEST

/* --- places in HTML ------------------------------------------------------- */

static const char *const good_html[] = {
	"{{a}}",
	"<!DOCTYPE html>\n<html lang=\"en\"><p>{{a}}</p></html>",
	"<!doctype html>",
	"<p class=\"{{a}}\">",
	"<p class='a {{a}} b'>",
	"<p title=\"{{#a}}{{b}}{{/a}}{{^a}}c{{/a}}\">",
	"<title>{{a}} - {{b}}</title><p>{{c}}</p>",
	"<textarea>{{#a}}{{b}}{{/a}}</textarea>",
	"<TEXTAREA>{{a}}</textarea>",
	"<br/><hr /><input name=\"a\"/>",
	"<input{{#a}} checked{{/a}}>",
	"<input name=\"a\"{{#a}} value=\"{{b}}\"{{/a}}>",
	"<input name=\"a\"{{#a}} checked{{/a}}{{^a}} disabled{{/a}}>",
	"<p {{#a}}class=\"{{a}}\"{{/a}}>",
	"<p {{#a}}class=\"b\" {{/a}}id=\"c\">",
	"<option value=\"{{id}}\"{{#is_on}} selected{{/is_on}}>{{name}}"
	"</option>",
	"{{#a}}<p>{{b}}</p>{{/a}}",
	"{{#a}}</p>{{/a}}",
	"<!-- a > b - c -->{{a}}",
	"<!---->{{a}}",
	"<!-- - -->{{a}}",
	"<script src=\"/a.js\" defer></script>{{a}}",
	"<svg viewBox=\"0 0 {{w}} 10\"><title>{{a}}</title><rect x=\"{{x}}\""
	" height=\"{{h}}\"/><text>{{a}}</text></svg>",
	"<noscript><p>{{a}}</p></noscript>",
	"<meta name=\"theme-color\" content=\"{{a}}\">",
	/* URLs whose beginning is settled */
	"<a href=\"/b/{{a}}\">",
	"<a href=\"/b{{a}}\">",
	"<a href=\"?a={{a}}&amp;b={{b}}\">",
	"<a href=\"#{{a}}\">",
	"<a href=\"orders?page={{a}}\">",
	"<a href=\"../{{a}}\">",
	"<a href=\"./{{a}}\">",
	"<a href=\"a/b:{{a}}\">",
	"<a href=\"https://example.org/{{a}}\">",
	"<a href=\"HTTP://example.org?{{a}}\">",
	"<a href=\"//example.org/{{a}}\">",
	"<a href=\"mailto:{{a}}\">",
	"<a href=\"/orders{{#q}}?q={{q}}{{/q}}\">",
	"<a href=\"orders{{#q}}?q={{q}}{{/q}}\">",
	"<a href=\"{{#a}}/b{{/a}}{{^a}}/c{{/a}}\">",
	"<a href=\"{{#a}}/b/{{c}}{{/a}}{{^a}}/c{{/a}}\">",
	"<form action=\"/dashboard/{{a}}\" method=\"post\">",
	"<img src=\"../{{a}}\" alt=\"{{b}}\">",
	"<a href=\"{{#a}}b{{/a}}{{^a}}../{{/a}}\">",
	"{{> p}}<p>{{> p}}</p>",
};

START_TEST(a_variable_may_stand_where_it_is_harmless)
{
	const struct template template =
	    template_of("dashboard/x", good_html[_i]);
	struct template_fault fault = { 0 };

	ck_assert_msg(template_check(&template, &fault) == RC_OK, "%s: %s",
	    good_html[_i], fault.why);
}
END_TEST

static const struct {
	const char *text, *why;
} bad_html[] = {
	/* names */
	{ "<{{a}}>", "a variable in the name" },
	{ "<p{{a}}>", "a variable in the name" },
	{ "</{{a}}>", "a variable in the name" },
	{ "<p {{a}}>", "a variable in the name" },
	{ "<p {{a}}=\"b\">", "a variable in the name" },
	{ "<p b{{a}}=\"b\">", "a variable in the name" },
	{ "<p class=\"a\"{{a}}>", "a variable in the name" },
	/* no quotes */
	{ "<p class={{a}}>", "as an attribute without quotes" },
	{ "<p class=a>", "an attribute without quotes" },
	{ "<p class= \"a\">", "an attribute without quotes" },
	{ "<p class =\"a\">", "a space beside its =" },
	/* scripts, styles, event handlers */
	{ "<script>{{a}}</script>", "a variable in a script" },
	{ "<script>var a = 1;</script>", "scripts are files" },
	{ "<script>{{#a}}1{{/a}}</script>", "scripts are files" },
	{ "<SCRIPT> </SCRIPT>", "scripts are files" },
	{ "<script src=\"{{a}}\"></script>", "at the start of a URL" },
	{ "<style>{{a}}</style>", "styles are files" },
	{ "<p style=\"color:{{a}}\">", "styles are files" },
	{ "<p style=\"color:red\">", "styles are files" },
	{ "<p onclick=\"{{a}}\">", "an event handler" },
	{ "<p OnClick='a()'>", "an event handler" },
	{ "<p onclick>", "an event handler" },
	{ "<p onclick{{#a}} b{{/a}}>", "an event handler" },
	{ "<iframe srcdoc=\"{{a}}\">", "an element that pages do not have" },
	{ "<p srcdoc=\"a\">", "an attribute that pages do not have" },
	{ "<base href=\"/\">", "an element that pages do not have" },
	{ "<svg><animate to=\"{{a}}\"/></svg>", "an element that" },
	{ "<svg><SET to=\"{{a}}\"/></svg>", "an element that" },
	{ "<meta http-equiv=\"refresh\" content=\"0;url={{a}}\">",
	    "an attribute that pages do not have" },
	{ "<img srcset=\"{{a}}\">", "that takes none" },
	{ "<a rel=\"{{a}}\">", "that takes none" },
	/* comments and declarations */
	{ "<!-- {{a}} -->", "a variable in a comment" },
	{ "<!-- {{#a}}b{{/a}} -->", "a section that begins in" },
	{ "<!--> {{a}} -->", "a comment that browsers end elsewhere" },
	{ "<!---> {{a}} -->", "a comment that browsers end elsewhere" },
	{ "<!-- --!> {{a}} -->", "a comment that browsers end elsewhere" },
	{ "<!-- a", "a tag that does not end" },
	{ "<!DOCTYPE {{a}}>", "a variable in a comment" },
	{ "<!DOCTYPE xhtml>", "neither <!DOCTYPE html> nor" },
	{ "<![CDATA[{{a}}]]>", "neither <!DOCTYPE html> nor" },
	{ "<!-a>", "neither <!DOCTYPE html> nor" },
	{ "<?php {{a}} ?>", "a < that begins no tag" },
	/* URLs */
	{ "<a href=\"{{a}}\">", "at the start of a URL" },
	{ "<a HREF='{{a}}'>", "at the start of a URL" },
	{ "<a href=\"{{a}}/b\">", "at the start of a URL" },
	{ "<a href=\"/{{a}}\">", "at the start of a URL" },
	{ "<a href=\"//{{a}}\">", "at the start of a URL" },
	{ "<a href=\"///{{a}}\">", "at the start of a URL" },
	{ "<a href=\"/\\{{a}}\">", "at the start of a URL" },
	{ "<a href=\"b{{a}}\">", "at the start of a URL" },
	{ "<a href=\"javascript:{{a}}\">", "at the start of a URL" },
	{ "<a href=\"data:text/html,{{a}}\">", "at the start of a URL" },
	{ "<a href=\"&#106;avascript:b/{{a}}\">", "at the start of a URL" },
	{ "<a href=\" /b/{{a}}\">", "at the start of a URL" },
	{ "<a href=\"\tjavascript:b/{{a}}\">", "at the start of a URL" },
	{ "<a href=\"https:{{a}}\">", "at the start of a URL" },
	{ "<a href=\"https:/{{a}}\">", "at the start of a URL" },
	{ "<a href=\"https://{{a}}\">", "at the start of a URL" },
	{ "<a href=\"https:///{{a}}\">", "at the start of a URL" },
	{ "<a href=\"https://example.org{{a}}\">", "at the start of a URL" },
	{ "<a href=\"https://example.org@{{a}}/\">", "at the start of a URL" },
	{ "<a href=\"{{#a}}/b{{/a}}{{c}}\">", "at the start of a URL" },
	{ "<a href=\"{{#a}}/b/{{/a}}/{{c}}\">", "at the start of a URL" },
	{ "<a href=\"/{{#a}}/{{/a}}b{{c}}\">", "at the start of a URL" },
	{ "<a href=\"{{^a}}h{{/a}}ttps://b/{{c}}\">", "start of a URL" },
	{ "<form action=\"{{a}}\">", "at the start of a URL" },
	{ "<button formaction=\"{{a}}\">", "at the start of a URL" },
	{ "<svg><a xlink:href=\"{{a}}\"></a></svg>", "start of a URL" },
	/* text that is no text */
	{ "a < b", "a < that begins no tag" },
	{ "<title>a <b></b></title>", "a < in a title or a text area" },
	{ "<title>a</textarea>", "a < in a title or a text area" },
	{ "<title>{{a}}", "a tag that does not end" },
	{ "<textarea><{{a}}</textarea>", "a variable in the name" },
	{ "<p", "a tag that does not end" },
	{ "<p title=\"{{a}}", "a tag that does not end" },
	{ "<p / {{a}}>", "a / in a tag" },
	{ "<p title=\"a\"b=\"{{a}}\">", "no space before an attribute" },
	{ "<p \"{{a}}\">", "an attribute's name" },
	{ "</p class=\"{{a}}\">", "an end tag that is more than a name" },
	{ "</>", "an end tag that is more than a name" },
	/* sections and partials that would blur all that */
	{ "<p title=\"{{#a}}\">{{/a}}", "ends at another kind of place" },
	{ "{{#a}}<p title=\"{{/a}}{{b}}\">", "ends at another kind of place" },
	{ "{{^a}}<p {{/a}}", "ends at another kind of place" },
	{ "<p title=\"{{#a}}\" alt=\"{{/a}}\">", "another kind of place" },
	{ "<p {{#a}}><b {{/a}}>", "ends at another kind of place" },
	{ "<title>{{#a}}</title><title>{{/a}}</title>", "kind of place" },
	{ "<{{#a}}p{{/a}}>", "a section that begins in a name" },
	{ "</p{{#a}}b{{/a}}>", "a section that begins in a name" },
	{ "<p class={{#a}}\"b\"{{/a}}>", "a section that begins in a name" },
	{ "<p{{#a}}x{{/a}}>", "no space before an attribute" },
	{ "<a {{^b}}x{{/b}}href=\"{{a}}\">", "a section that ends in a name" },
	{ "<a{{#b}} x{{/b}}href=\"/b/{{a}}\">", "no space before" },
	{ "<a {{#l}}ref=\"{{a}}\" h{{/l}}>", "a section that ends in a name" },
	{ "<p title=\"{{> p}}\">", "a partial that is not in text" },
	{ "<title>{{> p}}</title>", "a partial that is not in text" },
	{ "<p {{> p}}>", "a partial that is not in text" },
};

START_TEST(a_variable_may_not_stand_elsewhere)
{
	char *text;
	struct template template;

	ck_assert_int_ge(asprintf(&text, "<p>\n\n%s", bad_html[_i].text), 0);
	template = template_of("dashboard/x", text);
	must_fail(&template, 3, bad_html[_i].why);
	free(text);
}
END_TEST

/* --- overrides ------------------------------------------------------------ */

static char site_dir[SCRATCH_PATH_LEN];

static void
setup(void)
{
	char path[SCRATCH_PATH_LEN];

	scratch_make();
	scratch_mkdir("site", 0755, site_dir);
	scratch_mkdir("site/layout", 0755, path);
	scratch_mkdir("site/dashboard", 0755, path);
}

static void
put_file(const char *name, const char *text, mode_t mode)
{
	char path[SCRATCH_PATH_LEN];

	scratch_write(name, text, strlen(text), mode, path);
}

/* The page of "page {{> p}}" with "[part]", and what is logged meanwhile. */
static char *
render_site(const char *dir, char **log)
{
	const struct template page = template_of("dashboard/x", "page {{> p}}");
	const struct template partial = template_of("layout/p", "[part]");
	const struct template *const layout[] = { &partial, NULL };
	const struct templates templates = { layout, dir };
	char *made;

	scratch_log_start();
	made = render(&templates, &page, "{\"a\":{\"a\":null},\"b\":\"<\"}");
	*log = scratch_log_end(NULL);
	ck_assert_ptr_nonnull(made);
	return made;
}

/* words of NULL: nothing is logged. */
static void
must_render(const char *page, const char *words)
{
	char *log, *made = render_site(site_dir, &log);

	ck_assert_msg(
	    strcmp(made, page) == 0, "\"%s\", not \"%s\": %s", made, page, log);
	if (words == NULL)
		ck_assert_str_eq(log, "");
	else
		scratch_log_must_be(log, words);
	free(log);
	free(made);
}

#define BUILT_IN "page [part]"

START_TEST(a_template_of_the_site_takes_the_place)
{
	must_render(BUILT_IN, NULL);
	put_file("site/layout/p.html", "<p>{{b}}</p>", 0644);
	must_render("page <p>&lt;</p>", NULL);
	put_file("site/dashboard/x.html", "mine {{> p}}{{> q}}", 0600);
	put_file("site/layout/q.html", "(new)\n", 0400);
	must_render("mine <p>&lt;</p>(new)\n", NULL);
}
END_TEST

START_TEST(lines_end_with_a_line_feed)
{
	put_file("site/layout/p.html", "a\r\n{{! b }}\r\nc\r\n", 0644);
	must_render("page a\nc\n", NULL);
}
END_TEST

static const struct {
	const char *name, *text;
	mode_t mode;
	const char *words;
} broken[] = {
	{ "p", "{{#a}}", 0644,
	    "layout/p.html of the site: line 1: the section "
	    "a does not end" },
	{ "p", "\n{{{b}}}", 0644, "line 2: {{{: a variable is always escaped" },
	{ "p", "<p title={{b}}>", 0644, "without quotes" },
	{ "p", "<script>{{b}}</script>", 0644, "a variable in a script" },
	{ "p", "\n\n{{> none}}", 0644, "line 3: there is no layout/none.html" },
	{ "p", "a\x01", 0644, "it is not UTF-8, or has control characters" },
	{ "p", "a\xff", 0644, "it is not UTF-8" },
	{ "p", "a", 0664, "others can write it" },
	{ "p", "a", 0646, "others can write it" },
	{ "p", "a{{> p}}", 0644, "sections and partials are too deep" },
	{ "p", "{{#b}}{{> p}}{{/b}}", 0644, "are too deep" },
};

START_TEST(a_broken_override_is_passed_over)
{
	char name[64];

	(void)snprintf(
	    name, sizeof(name), "site/layout/%s.html", broken[_i].name);
	put_file(name, broken[_i].text, broken[_i].mode);
	must_render(BUILT_IN, broken[_i].words);
}
END_TEST

START_TEST(each_override_stands_for_itself)
{
	put_file("site/dashboard/x.html", "mine {{> p}}", 0644);
	put_file("site/layout/p.html", "{{/a}}", 0644);
	must_render("mine [part]", "{{/a}} ends no section");
	/* A page that needs what is broken is broken. */
	put_file("site/dashboard/x.html", "mine {{> q}} {{> q}}", 0644);
	put_file("site/layout/p.html", "mine", 0644);
	must_render("page mine", "there is no layout/q.html");
}
END_TEST

START_TEST(a_partial_of_the_site_that_is_broken_is_told_once)
{
	char *log, *made;

	put_file("site/dashboard/x.html", "mine {{> q}} {{> q}}", 0644);
	put_file("site/layout/q.html", "{{/a}}", 0644);
	made = render_site(site_dir, &log);
	ck_assert_str_eq(made, BUILT_IN);
	ck_assert_ptr_nonnull(strstr(log, "{{/a}} ends no section"));
	ck_assert_ptr_nonnull(strstr(log, "there is no layout/q.html"));
	ck_assert_ptr_null(strstr(strstr(log, "{{/a}} ends") + 1, "{{/a}}"));
	free(log);
	free(made);
}
END_TEST

START_TEST(what_is_no_file_is_passed_over)
{
	char path[SCRATCH_PATH_LEN], other[SCRATCH_PATH_LEN], *big;

	scratch_path("site/layout/p.html", path);
	scratch_write("elsewhere", "mine", 4, 0644, other);
	ck_assert_int_eq(symlink(other, path), 0);
	must_render(BUILT_IN, "layout/p.html of the site");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	must_render(BUILT_IN, "it is not a file");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	must_render(BUILT_IN, "it is not a file");
	ck_assert_int_eq(rmdir(path), 0);
	big = times("a", TEMPLATE_SIZE_MAX + 1);
	put_file("site/layout/p.html", big, 0644);
	must_render(BUILT_IN, "more than 262144 bytes");
	free(big);
	scratch_write("site/layout/p.html", "a\0b", 3, 0644, path);
	must_render(BUILT_IN, "a NUL byte");
	ck_assert_int_eq(unlink(path), 0);
	must_render(BUILT_IN, NULL);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_passed_over)
{
	if (geteuid() == 0)
		return;
	put_file("site/layout/p.html", "mine", 0200);
	must_render(BUILT_IN, "Permission denied");
}
END_TEST

START_TEST(a_directory_that_others_can_write_is_passed_over)
{
	char path[SCRATCH_PATH_LEN];

	put_file("site/layout/p.html", "mine", 0644);
	must_render("page mine", NULL);
	scratch_path("site/layout", path);
	ck_assert_int_eq(chmod(path, 0775), 0);
	must_render(BUILT_IN, "layout/p.html of the site: it belongs to");
	ck_assert_int_eq(chmod(path, 0755), 0);
	ck_assert_int_eq(chmod(site_dir, 0757), 0);
	must_render(BUILT_IN, "pass over the templates of the site");
	ck_assert_int_eq(chmod(site_dir, 0755), 0);
	must_render("page mine", NULL);
}
END_TEST

START_TEST(a_directory_that_is_not_there_is_told)
{
	char path[SCRATCH_PATH_LEN], *log, *made;

	scratch_path("none", path);
	made = render_site(path, &log);
	ck_assert_str_eq(made, BUILT_IN);
	scratch_log_must_be(log, "No such file or directory");
	free(made);
	free(log);
	/* None is configured. */
	made = render_site("", &log);
	ck_assert_str_eq(made, BUILT_IN);
	ck_assert_str_eq(log, "");
	free(made);
	free(log);
}
END_TEST

START_TEST(a_link_to_a_directory_leads_nowhere)
{
	char path[SCRATCH_PATH_LEN], other[SCRATCH_PATH_LEN];

	scratch_mkdir("other", 0755, other);
	put_file("other/p.html", "mine", 0644);
	scratch_path("site/layout", path);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(symlink(other, path), 0);
	must_render(BUILT_IN, "layout/p.html of the site");
}
END_TEST

/* --- what is built in ----------------------------------------------------- */

struct search {
	const struct template *template;
	int n;
};

static enum rc
must_be_layout(void *arg, const char *name, int line)
{
	const struct search *search = arg;
	char full[TEMPLATE_NAME_MAX + 16];
	size_t i;

	(void)snprintf(full, sizeof(full), "layout/%s", name);
	for (i = 0; template_layout[i] != NULL; i++)
		if (strcmp(template_layout[i]->name, full) == 0)
			return RC_OK;
	ck_abort_msg("%s line %d: there is no %s.html", search->template->name,
	    line, full);
	return RC_FAIL;
}

START_TEST(every_template_that_is_built_in_is_in_order)
{
	struct search search = { 0 };
	struct template_fault fault = { 0 };

	for (; template_all[search.n] != NULL; search.n++) {
		search.template = template_all[search.n];
		ck_assert_msg(template_check(search.template, &fault) == RC_OK,
		    "cgi-bin/%s.html line %d: %s", search.template->name,
		    fault.line, fault.why);
		ck_assert_int_eq(
		    template_partials(search.template, must_be_layout, &search),
		    RC_OK);
	}
	ck_assert_int_gt(search.n, 1);
}
END_TEST

static Suite *
template_suite(void)
{
	Suite *s = suite_create("template");
	TCase *tc = tcase_create("Mustache");

	tcase_add_checked_fixture(tc, scratch_make, scratch_remove);
	tcase_add_loop_test(tc, the_specifications_cases_hold, 0, ROWS(cases));
	tcase_add_loop_test(
	    tc, what_the_specification_leaves_open_is_settled, 0, ROWS(pages));
	tcase_add_test(tc, every_character_is_escaped_or_harmless);
	tcase_add_loop_test(tc, a_bad_tag_is_told_with_its_line, 0, ROWS(bad));
	tcase_add_test(tc, a_template_is_bounded);
	tcase_add_test(tc, a_page_is_bounded);
	tcase_add_test(tc, a_page_has_a_bounded_number_of_partials);
	suite_add_tcase(s, tc);

	tc = tcase_create("HTML");
	tcase_add_loop_test(
	    tc, a_variable_may_stand_where_it_is_harmless, 0, ROWS(good_html));
	tcase_add_loop_test(
	    tc, a_variable_may_not_stand_elsewhere, 0, ROWS(bad_html));
	tcase_add_test(tc, every_template_that_is_built_in_is_in_order);
	suite_add_tcase(s, tc);

	tc = tcase_create("overrides");
	tcase_add_checked_fixture(tc, setup, scratch_remove);
	tcase_add_test(tc, a_template_of_the_site_takes_the_place);
	tcase_add_test(tc, lines_end_with_a_line_feed);
	tcase_add_loop_test(
	    tc, a_broken_override_is_passed_over, 0, ROWS(broken));
	tcase_add_test(tc, each_override_stands_for_itself);
	tcase_add_test(tc, a_partial_of_the_site_that_is_broken_is_told_once);
	tcase_add_test(tc, what_is_no_file_is_passed_over);
	tcase_add_test(tc, a_file_that_cannot_be_read_is_passed_over);
	tcase_add_test(tc, a_directory_that_others_can_write_is_passed_over);
	tcase_add_test(tc, a_directory_that_is_not_there_is_told);
	tcase_add_test(tc, a_link_to_a_directory_leads_nowhere);
	suite_add_tcase(s, tc);
	return s;
}

SUITE_MAIN(template_suite)

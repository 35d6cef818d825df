/* SPDX-License-Identifier: ISC */
/*
 * One line an event to stderr.  The line leaves in one write(2), so that
 * lines of programs that share a log do not mix.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { LINE_MAX_LEN = 1000 };

static const char *program_name = "latchkey";
static char incident[LOG_INCIDENT_LEN] = "-"; /* "": made when asked for */
static int (*line_sink)(void *arg, const char *line, size_t len);
static void *line_sink_arg;

void
log_program(const char *name)
{
	program_name = name;
}

void
log_to(int (*sink)(void *arg, const char *line, size_t len), void *arg)
{
	line_sink = sink;
	line_sink_arg = arg;
}

void
log_incident_new(void)
{
	/* Few calls need one. */
	incident[0] = '\0';
}

const char *
log_incident(void)
{
	uint64_t id = 0;

	if (incident[0] != '\0')
		return incident;
	/* Without random bytes an id of zeros still makes a line. */
	(void)!getrandom(&id, sizeof(id), GRND_NONBLOCK);
	(void)snprintf(
	    incident, sizeof(incident), "%016llx", (unsigned long long)id);
	return incident;
}

void
log_err(const char *fmt, ...)
{
	char line[LINE_MAX_LEN + 1];
	int saved = errno, head, n;
	size_t len, i;
	va_list ap;

	head = snprintf(line, sizeof(line), "latchkey %s[%s]: ", program_name,
	    log_incident());
	if (head < 0 || (size_t)head >= sizeof(line))
		head = 0;
	va_start(ap, fmt);
	n = vsnprintf(line + head, sizeof(line) - (size_t)head, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	len = (size_t)head + (size_t)n;
	if (len >= sizeof(line))
		len = sizeof(line) - 1;
	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[len] = '\n';
	if (line_sink == NULL || !line_sink(line_sink_arg, line, len + 1))
		(void)!write(STDERR_FILENO, line, len + 1);
	errno = saved;
}

/* SPDX-License-Identifier: ISC */
/*
 * Mails of pages: left to be sent after the answer, by a process of their own.
 */
#include "page_way.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"

enum rc
page_mail(struct page_call *call, const char *to, const char *subject,
    const char *text)
{
	struct page_way *way = call->way;
	json_t *mail = to != NULL ? json_pack("{s:s, s:s, s:s}", "to", to,
					"subject", subject, "text", text)
				  : json_object();

	if (way->mails == NULL)
		way->mails = json_array();
	if (mail == NULL || json_array_append_new(way->mails, mail) != 0)
		return page_no_memory();
	return RC_OK;
}

enum rc
page_mail_text(struct page_call *call, const char *to, const char *subject,
    const char *name, const char *format, ...)
{
	char line[CONFIG_TEXT_MAX + 64];
	char *text = NULL;
	enum rc rc;
	va_list ap;
	int n;

	(void)snprintf(line, sizeof(line), "%s%s", subject, name);
	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0)
		return page_no_memory();
	rc = page_mail(call, to, line, text);
	secret_wipe(text, (size_t)n);
	free(text);
	return rc;
}

void
page_start_mails(struct page_way *way)
{
	const struct config *config = &way->server->config;
	char path[CONFIG_PATH_MAX];
	char *text;

	if (way->mails == NULL)
		return;
	text = json_dumps(way->mails, JSON_COMPACT);
	if (text == NULL)
		(void)page_no_memory();
	else if (config_data_path(config, "mail.log", path) == RC_OK)
		(void)cgi_job_start(text, strlen(text), path);
	if (text != NULL)
		secret_wipe(text, strlen(text));
	free(text);
}

enum rc
page_send_mails(const char *text, size_t len)
{
	struct config config;
	char path[CONFIG_PATH_MAX];
	const char *to, *subject, *body;
	json_t *mails = json_loadb(text, len, 0, NULL), *mail;
	enum rc rc;
	size_t i;

	rc = config_find(path);
	if (rc == RC_OK)
		rc = config_load(path, &config);
	json_array_foreach(mails, i, mail)
	{
		/* One of no words is there for the time alone. */
		if (rc == RC_OK &&
		    json_unpack(mail, "{s:s, s:s, s:s}", "to", &to, "subject",
			&subject, "text", &body) == 0)
			(void)mail_send(&config, to, subject, body);
	}
	json_decref(mails);
	return rc;
}

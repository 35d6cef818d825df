/* SPDX-License-Identifier: ISC */
/*
 * The least that a static program can be: what starting one costs.  Built
 * with ANSWER it is the least CGI program, which takes its body and gives a
 * short answer; with the body unread, Apache would lose the answer.
 */
#include <unistd.h>

int
main(void)
{
#ifdef ANSWER
	static const char answer[] = "Status: 200 OK\r\n"
				     "Content-Type: application/json\r\n"
				     "Content-Length: 2\r\n\r\n{}";
	char body[4096];

	return read(STDIN_FILENO, body, sizeof(body)) < 0 ||
	       write(STDOUT_FILENO, answer, sizeof(answer) - 1) < 0;
#else
	return 0;
#endif
}

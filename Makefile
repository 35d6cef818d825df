# SPDX-License-Identifier: ISC
#
# Latchkey: a reseller panel for classic shared hosting.
#
#   make run      install what is missing, build, serve a demo panel
#                 (FASTCGI=1: by mod_fcgid)
#   make check    the same for the tests, and run all of them
#   make          build everything into build/
#   make install  put a site in place: PREFIX= HTDOCS= CGIBIN= DESTDIR=
#                 (FASTCGI=no: by CGI even where there is mod_fcgid)
#   make libs     see if Debian has mended the libraries that are built in
#   make lint, make fuzz, make bench, make check SANITIZE=1, make dist

VERSION = 0.1.0

# What people edit first.
PREFIX = /usr/local/latchkey
HTDOCS = $(PREFIX)/public_html
CGIBIN = $(HTDOCS)/cgi-bin
MANDIR = $(PREFIX)/share/man
DESTDIR =
PORT = 8080
RUN_DIR = run
FASTCGI =
FUZZ_SECONDS = 60
CC = gcc
OPT = -O2

# Static programs start in about half the time of dynamic ones, and with musl
# a call takes two thirds of what it takes with glibc, whose start asks the
# processor 80 questions, each microseconds on a virtual machine.  Then their
# libraries are built from Debian's source packages; LIBC=glibc takes those
# of the -dev packages.
LIBC = musl

# Programs are position independent, so that an attacker has to guess where
# code is; PIE=0 saves the 2 % of a call that it takes to relocate tables.
PIE = 1

WARN = -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wundef -Wvla -Wformat=2 -Wformat-security -Wnull-dereference \
	-Wswitch-enum -Werror
HARDEN = -fstack-protector-strong -fstack-clash-protection \
	-ffunction-sections -fdata-sections -fno-common
LDHARDEN = -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections

ifeq ($(SANITIZE),1)
BUILD = build/sanitize
OPT = -O1 -g
override LIBC = glibc
PIE = 1
HARDEN = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -ffunction-sections -fno-common
LDHARDEN = -fsanitize=address,undefined -Wl,--gc-sections
STATIC = -pie
else
BUILD = build
# musl ignores this: its functions have no checked forms.
HARDEN += -D_FORTIFY_SOURCE=2
STATIC = $(if $(filter 1,$(PIE)),-static-pie,-static -no-pie)
endif
HARDEN += $(if $(filter 1,$(PIE)),-fPIE,-fno-pie)
DYNAMIC = $(if $(filter 1,$(PIE)),-pie,-no-pie)

CPPFLAGS = -D_GNU_SOURCE -Ilib -I$(BUILD)/gen -DLATCHKEY_VERSION=$(VERSION)
CFLAGS = $(OPT) $(WARN) $(HARDEN)
LIBS = -lsqlite3 -lgcrypt -lgpg-error -ljansson -lm

ACTIONS = $(filter-out one v2,$(basename $(notdir $(wildcard cgi-bin/api/*.c))))
CGI = $(addprefix $(BUILD)/cgi-bin/,$(ACTIONS) v2)
PAGES = $(filter-out one,$(basename $(notdir $(wildcard cgi-bin/dashboard/*.c))))
DASHBOARD = $(addprefix $(BUILD)/cgi-bin/dashboard/,$(PAGES))
LIB = $(BUILD)/liblatchkey.a
TEMPLATES = $(sort $(wildcard cgi-bin/layout/*.html cgi-bin/dashboard/*.html))
TEMPLATENAMES = $(subst /,_,$(TEMPLATES:cgi-bin/%.html=template_%))
TEMPLATELISTS = template_layout template_all
LIBOBJ = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard lib/*.c)) \
	$(BUILD)/obj/gen/migrations.o $(BUILD)/obj/gen/people_migrations.o \
	$(patsubst %,$(BUILD)/obj/gen/%.o,$(TEMPLATENAMES) $(TEMPLATELISTS))

# Of what static programs are; $(BUILD)/obj is for tests and what is dynamic.
ifeq ($(LIBC),musl)
STATICOBJ = $(BUILD)/musl
STATICLIB = $(BUILD)/musl/liblatchkey.a
STATICCC = $(CC) -specs=build/static/musl.specs \
	-isystem build/static/include -Lbuild/static/lib
else ifeq ($(LIBC),glibc)
STATICOBJ = $(BUILD)/obj
STATICLIB = $(LIB)
STATICCC = $(CC)
else
$(error LIBC is musl or glibc)
endif
# Those that need libcurl are not for static programs.
MUSLOBJ = $(patsubst $(BUILD)/obj/%,$(BUILD)/musl/%,\
	$(filter-out $(BUILD)/obj/lib/sender%,$(LIBOBJ)))
LATCHKEYOBJ = $(patsubst %.c,$(STATICOBJ)/%.o,bin/latchkey.c \
	$(wildcard bin/cmd*.c))
BIN = $(BUILD)/bin/latchkey $(BUILD)/bin/deliver-webhooks

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

all: $(CGI) $(DASHBOARD) $(BIN)

# --- dependencies: Debian packages ---------------------------------------

DEPS_musl = musl-tools dpkg-dev tcl bzip2 xz-utils
DEPS_BUILD = gcc make libc6-dev libsqlite3-dev libgcrypt20-dev \
	libgpg-error-dev libjansson-dev libcurl4-openssl-dev $(DEPS_$(LIBC))
DEPS_RUN = $(DEPS_BUILD) apache2-bin curl \
	$(if $(filter 1,$(FASTCGI)),libapache2-mod-fcgid)
# A Node that is there already, from wherever, is good enough.
DEPS_CHECK = $(DEPS_RUN) libapache2-mod-fcgid nginx nginx-common \
	lighttpd spawn-fcgi check clang libclang-rt-14-dev \
	procps mandoc python3 python3-html5lib php-cli php-sqlite3 libssl-dev \
	tzdata libqrcodegen-dev chromium chromium-driver chromium-sandbox \
	python3-selenium \
	$(if $(shell command -v npm || :),,nodejs npm)
DEPS_LINT = $(DEPS_BUILD) clang-tidy clang-format cppcheck \
	check mandoc shellcheck
DEPS_BENCH = $(DEPS_CHECK) strace php-fpm python3-flask gunicorn

deps-BUILD deps-RUN deps-CHECK deps-LINT deps-BENCH: deps-%:
	@tests/deps $(DEPS_$*)

# What the tests take from npm, in the versions of package-lock.json; that
# names no registry, so that npm asks the one it is set to.
NPM = build/npm

$(NPM): $(NPM)/node_modules/.package-lock.json

$(NPM)/node_modules/.package-lock.json: $(wildcard tests/npm/*) | deps-CHECK
	@mkdir -p $(NPM)
	@cp tests/npm/* $(NPM)
	@cd $(NPM) && npm ci --ignore-scripts --no-audit --no-fund >&2

# --- building -------------------------------------------------------------

MIGRATIONS = $(sort $(wildcard schema/0*.sql))
PEOPLE_MIGRATIONS = $(sort $(wildcard schema/people/0*.sql))

$(BUILD)/gen/migrations.c: schema/embed.awk $(MIGRATIONS) schema/demo.sql
$(BUILD)/gen/people_migrations.c: schema/embed.awk $(PEOPLE_MIGRATIONS)

# One set of migrations for each database, named as the file is.
$(BUILD)/gen/migrations.c $(BUILD)/gen/people_migrations.c:
	@mkdir -p $(@D)
	@echo '  GEN  $@'
	@LC_ALL=C awk -v set=$(basename $(@F)) -f $^ >$@.new && mv $@.new $@

$(BUILD)/gen/schema_version.h: $(MIGRATIONS) $(PEOPLE_MIGRATIONS)
	@mkdir -p $(@D)
	@{ echo '#define SCHEMA_VERSION $(words $(MIGRATIONS))'; \
	echo '#define PEOPLE_SCHEMA_VERSION $(words $(PEOPLE_MIGRATIONS))'; } >$@

# Each template is an object of its own, so that a program has those that it
# names.  The header changes only when one comes or goes.
EMBED = @mkdir -p $(@D); \
	LC_ALL=C awk -f cgi-bin/layout/embed.awk $< >$@.new && mv $@.new $@

$(BUILD)/gen/template_layout_%.c: cgi-bin/layout/%.html \
		cgi-bin/layout/embed.awk
	$(EMBED)

$(BUILD)/gen/template_dashboard_%.c: cgi-bin/dashboard/%.html \
		cgi-bin/layout/embed.awk
	$(EMBED)

$(BUILD)/gen/templates.h: $(TEMPLATES) Makefile \
		$(wildcard cgi-bin/layout cgi-bin/dashboard)
	@mkdir -p $(@D)
	@{ echo '#include "template.h"'; \
		printf 'extern const struct template %s;\n' $(TEMPLATENAMES); \
		printf 'extern const struct template *const %s[];\n' \
		$(TEMPLATELISTS); } >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

$(TEMPLATELISTS:%=$(BUILD)/gen/%.c): $(BUILD)/gen/%.c: $(BUILD)/gen/templates.h
	@{ echo '#include "templates.h"'; \
		echo 'const struct template *const $*[] = {'; \
		printf '&%s,\n' $(filter $(subst all,,$*)%,$(TEMPLATENAMES)); \
		echo 'NULL };'; } >$@

# The libraries of musl's programs; made once, and anew by "make libs" if
# Debian has others.
build/static/versions: lib/static-libs
	@echo '  LIBS $(@D), takes a minute'
	@CC='$(CC)' lib/static-libs $(@D)

libs:
	@CC='$(CC)' lib/static-libs build/static
	@cat build/static/versions

COMPILE = @mkdir -p $(@D); echo '  CC   $<'; \
	$(if $(filter $(BUILD)/musl/%,$@),$(STATICCC),$(CC)) \
	$(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
OBJECTS = $(BUILD)/gen/schema_version.h Makefile
GENERATED = $(BUILD)/gen/templates.h

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	$(COMPILE) -Wno-overlength-strings

$(BUILD)/musl/gen/%.o: $(BUILD)/gen/%.c build/static/versions
	$(COMPILE) -Wno-overlength-strings

$(BUILD)/obj/gen/template_%.o: $(BUILD)/gen/template_%.c | $(GENERATED)
	$(COMPILE) -Wno-overlength-strings

$(BUILD)/musl/gen/template_%.o: $(BUILD)/gen/template_%.c \
		build/static/versions | $(GENERATED)
	$(COMPILE) -Wno-overlength-strings

$(BUILD)/obj/%.o: %.c $(OBJECTS) | $(GENERATED)
	$(COMPILE)

$(BUILD)/musl/%.o: %.c $(OBJECTS) build/static/versions | $(GENERATED)
	$(COMPILE)

$(BUILD)/obj/cgi-bin/main_%.o: cgi-bin/api/one.c $(OBJECTS)
	$(COMPILE) -DACTION=$*

$(BUILD)/musl/cgi-bin/main_%.o: cgi-bin/api/one.c $(OBJECTS) \
		build/static/versions
	$(COMPILE) -DACTION=$*

# A page without a template answers with something else.
PAGE = -DPAGE=$* $(if $(wildcard cgi-bin/dashboard/$*.html),,-DNO_TEMPLATE)

$(BUILD)/obj/cgi-bin/dashboard/main_%.o: cgi-bin/dashboard/one.c $(OBJECTS) \
		| $(GENERATED)
	$(COMPILE) $(PAGE)

$(BUILD)/musl/cgi-bin/dashboard/main_%.o: cgi-bin/dashboard/one.c $(OBJECTS) \
		build/static/versions | $(GENERATED)
	$(COMPILE) $(PAGE)

$(LIB): $(LIBOBJ)
	@echo '  AR   $@'
	@rm -f $@ && ar crs $@ $^

$(BUILD)/musl/liblatchkey.a: $(MUSLOBJ)
	@echo '  AR   $@'
	@rm -f $@ && ar crs $@ $^

# Links anew what was linked with the other one.
$(BUILD)/gen/linked-$(LIBC):
	@mkdir -p $(@D)
	@rm -f $(BUILD)/gen/linked-* && touch $@

# glibc's warnings about dlopen and getpwnam in the static libraries are
# harmless, neither is called; the linker's errors are shown.
LINK = @mkdir -p $(@D); echo '  LD   $@'; \
	$(STATICCC) $(OPT) $(STATIC) $(LDHARDEN) \
	-o $@ $(filter %.o %.a,$^) $(LIBS) 2>$@.log || \
	{ cat $@.log >&2; exit 1; }; rm -f $@.log

$(addprefix $(BUILD)/cgi-bin/,$(ACTIONS)): $(BUILD)/cgi-bin/%: \
		$(STATICOBJ)/cgi-bin/main_%.o $(STATICOBJ)/cgi-bin/api/%.o \
		$(STATICLIB) $(BUILD)/gen/linked-$(LIBC)
	$(LINK)

$(BUILD)/cgi-bin/v2: $(STATICOBJ)/cgi-bin/api/v2.o \
		$(ACTIONS:%=$(STATICOBJ)/cgi-bin/api/%.o) \
		$(STATICLIB) $(BUILD)/gen/linked-$(LIBC)
	$(LINK)

$(DASHBOARD): $(BUILD)/cgi-bin/dashboard/%: \
		$(STATICOBJ)/cgi-bin/dashboard/main_%.o \
		$(STATICOBJ)/cgi-bin/dashboard/%.o \
		$(STATICLIB) $(BUILD)/gen/linked-$(LIBC)
	$(LINK)

$(BUILD)/bin/latchkey: $(LATCHKEYOBJ) $(STATICLIB) \
		$(BUILD)/gen/linked-$(LIBC)
	$(LINK)

# Debian's libcurl has no static form that links; what can be, is static.
$(BUILD)/bin/deliver-webhooks: $(BUILD)/obj/bin/deliver_webhooks.o $(LIB)
	@mkdir -p $(@D)
	@echo '  LD   $@'
	@$(CC) $(OPT) $(DYNAMIC) $(LDHARDEN) -Wl,--exclude-libs,ALL -o $@ $^ \
		-Wl,-Bstatic $(filter-out -lm,$(LIBS)) -Wl,-Bdynamic -lcurl -lm

# Objects are kept, also those that only a pattern names.
.PRECIOUS: $(BUILD)/obj/%.o $(BUILD)/obj/tests/%.o $(BUILD)/musl/%.o \
	$(BUILD)/gen/template_layout_%.c $(BUILD)/gen/template_dashboard_%.c

# --- installing -----------------------------------------------------------

# The programs are stripped: symbols are a third of their size.  They are so
# before they are copied, not by install -s, which leaves a file in pieces in
# the kernel's memory, and calls a twelfth slower until it is read anew.
STRIP = strip
READY = $(BUILD)$(if $(STRIP),/stripped)
READYBIN = $(BIN:$(BUILD)/%=$(READY)/%)
READYCGI = $(CGI:$(BUILD)/%=$(READY)/%)
READYDASHBOARD = $(DASHBOARD:$(BUILD)/%=$(READY)/%)

$(BUILD)/stripped/%: $(BUILD)/%
	@mkdir -p $(@D)
	@$(STRIP) -o $@ $<

install: all $(READYBIN) $(READYCGI) $(READYDASHBOARD)
	@# Directories that are there keep their modes.
	for d in $(PREFIX)/bin $(HTDOCS) $(HTDOCS)/developers \
		$(HTDOCS)/developers/examples $(CGIBIN) $(CGIBIN)/dashboard \
		$(MANDIR)/man1 $(MANDIR)/man5 $(MANDIR)/man8; do \
		test -d $(DESTDIR)$$d || install -d -m 0755 $(DESTDIR)$$d; done
	install -m 0755 $(READYBIN) $(DESTDIR)$(PREFIX)/bin
	install -m 0755 $(READYCGI) $(DESTDIR)$(CGIBIN)
	install -m 0755 $(READYDASHBOARD) $(DESTDIR)$(CGIBIN)/dashboard
	install -m 0644 cgi-bin/.htaccess $(DESTDIR)$(CGIBIN)
	install -m 0644 cgi-bin/dashboard/.htaccess \
		$(DESTDIR)$(CGIBIN)/dashboard
	test '$(FASTCGI)' != no || sed -i '/mod_fcgid/,/^<\/IfModule>/d' \
		$(DESTDIR)$(CGIBIN)/.htaccess
	install -m 0644 $(wildcard htdocs/*.*) $(DESTDIR)$(HTDOCS)
	@# Rules of the site's own are kept.
	test -e $(DESTDIR)$(HTDOCS)/.htaccess || \
		install -m 0644 htdocs/.htaccess $(DESTDIR)$(HTDOCS)
	install -m 0644 $(wildcard htdocs/developers/*.*) \
		$(DESTDIR)$(HTDOCS)/developers
	install -m 0644 $(wildcard htdocs/developers/examples/*) \
		$(DESTDIR)$(HTDOCS)/developers/examples
	install -m 0644 $(wildcard bin/*.1) $(DESTDIR)$(MANDIR)/man1
	install -m 0644 $(wildcard bin/*.5) $(DESTDIR)$(MANDIR)/man5
	install -m 0644 $(wildcard bin/*.8) $(DESTDIR)$(MANDIR)/man8

# Leaves latchkey.conf and data/ alone: those are the operator's.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(CGIBIN)/,$(notdir $(CGI)) .htaccess \
			$(addprefix dashboard/,$(PAGES) .htaccess)) \
		$(addprefix $(DESTDIR)$(PREFIX)/bin/,$(notdir $(BIN))) \
		$(patsubst htdocs/%,$(DESTDIR)$(HTDOCS)/%,$(wildcard \
			htdocs/developers/*.* htdocs/developers/examples/*)) \
		$(addprefix $(DESTDIR)$(HTDOCS)/,$(notdir \
			$(wildcard htdocs/*.*))) \
		$(addprefix $(DESTDIR)$(MANDIR)/man1/,$(notdir $(wildcard bin/*.1))) \
		$(addprefix $(DESTDIR)$(MANDIR)/man5/,$(notdir $(wildcard bin/*.5))) \
		$(addprefix $(DESTDIR)$(MANDIR)/man8/,$(notdir $(wildcard bin/*.8)))

dist:
	git archive --prefix=latchkey-$(VERSION)/ -o latchkey-$(VERSION).tar.gz HEAD

# --- testing ----------------------------------------------------------------
#
# Each tests/check_X.c is one program, linked dynamically (libcurl has no
# static form) with what tests share.

TESTLIB = $(BUILD)/tests/libtest.a
TESTS = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/check_*.c))
FUZZERS = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/fuzz_*.c))
EXHAUSTERS = $(patsubst tests/%.c,$(BUILD)/tests/%,\
	$(wildcard tests/exhaust_*.c))
TESTLIBS = -lcheck -lsubunit -lrt -lpthread -lcurl $(LIBS)
TESTCFLAGS = $(filter-out -Wnull-dereference,$(CFLAGS))
RECEIVER = $(BUILD)/tests/receiver

$(BUILD)/obj/tests/%.o: tests/%.c $(OBJECTS) | $(GENERATED)
	@mkdir -p $(@D)
	@echo '  CC   $<'
	@$(CC) $(CPPFLAGS) -Itests $(TESTCFLAGS) -MMD -MP -c -o $@ $<

$(TESTLIB): $(addprefix $(BUILD)/obj/tests/,harness.o contract.o fcgi.o \
		browser.o dashboard.o fixture.o receiver.o scratch.o) | $(RECEIVER)
	@mkdir -p $(@D)
	@echo '  AR   $@'
	@rm -f $@ && ar crs $@ $^

$(BUILD)/tests/check_%: $(BUILD)/obj/tests/check_%.o $(TESTLIB) $(LIB)
	@echo '  LD   $@'
	@$(CC) $(OPT) $(DYNAMIC) $(LDHARDEN) $(WRAP) -o $@ $^ $(TESTLIBS)

$(RECEIVER): $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/receiver/*.c)) \
		$(LIB)
	@mkdir -p $(@D)
	@echo '  LD   $@'
	@$(CC) $(OPT) -pie $(LDHARDEN) -o $@ $^ -lssl -lcrypto

# Linked as the panel's programs are.
$(BUILD)/tests/check_static: $(STATICOBJ)/tests/check_static.o $(STATICLIB) \
		$(BUILD)/gen/linked-$(LIBC)
	$(LINK)

# Here allocations fail when the test says so.
$(BUILD)/tests/check_memory: WRAP = \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free
$(BUILD)/tests/check_page: WRAP = \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=open_memstream
$(BUILD)/tests/check_faults: WRAP = \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=open_memstream

# Another's codes, to compare with.
$(BUILD)/tests/check_qr: TESTLIBS += -lqrcodegen

# Here naps are as short as the test says.
$(BUILD)/tests/check_mail: WRAP = -Wl,--wrap=nanosleep

# "+": tests/run calls make install.
check: deps-CHECK $(NPM) all $(TESTS) $(FUZZERS)
	+@BUILD='$(BUILD)' MAKE='$(MAKE)' FUZZ_SECONDS=5 tests/run

# --- fuzzing ----------------------------------------------------------------
#
# The fuzz targets are built by clang straight from the sources they need, so
# that all of that code is instrumented.  What is found is kept in
# $(BUILD)/fuzz, and so is the grown corpus.

FUZZFLAGS = -O1 -g -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer

$(BUILD)/tests/fuzz_fastcgi: lib/fastcgi.c lib/log.c lib/number.c lib/secret.c
$(BUILD)/tests/fuzz_form: lib/form.c lib/log.c lib/secret.c
$(BUILD)/tests/fuzz_key: lib/api_key.c lib/db.c lib/gate.c lib/log.c \
	lib/file_map.c lib/scratch_row.c lib/scratch_vfs.c lib/secret.c \
	lib/wal_file.c
$(BUILD)/tests/fuzz_amount: lib/money.c lib/number.c
$(BUILD)/tests/fuzz_csv: lib/csv.c lib/log.c
$(BUILD)/tests/fuzz_guard: lib/guard.c tests/guard_public.h
$(BUILD)/tests/fuzz_password: lib/password_check.c lib/password_words.c \
	lib/text.c lib/log.c lib/secret.c
$(BUILD)/tests/fuzz_phc: lib/phc.c lib/base64.c lib/number.c lib/log.c \
	lib/secret.c
$(BUILD)/tests/fuzz_pool: lib/pool.c
$(BUILD)/tests/fuzz_session: lib/session.c lib/mail_token.c lib/text.c \
	lib/db.c lib/gate.c lib/file_map.c \
	lib/scratch_row.c lib/scratch_vfs.c lib/migrate.c lib/log.c \
	lib/secret.c lib/wal_file.c \
	$(BUILD)/gen/people_migrations.c
$(BUILD)/tests/fuzz_template: lib/log.c lib/template.c lib/template_file.c \
	lib/template_html.c lib/template_parse.c lib/text.c tests/skeleton.c
$(BUILD)/tests/fuzz_text: lib/number.c lib/text.c lib/timestamp.c
$(BUILD)/tests/fuzz_totp: lib/totp.c lib/log.c lib/secret.c
$(BUILD)/tests/fuzz_url: lib/number.c lib/url.c
$(BUILD)/tests/fuzz_url: FUZZLIBS = -lcurl

$(BUILD)/tests/fuzz_%: tests/fuzz_%.c $(wildcard lib/*.h) \
		$(BUILD)/gen/schema_version.h
	@mkdir -p $(@D)
	@echo '  FUZZ $@'
	@clang $(CPPFLAGS) $(filter-out -Wnull-dereference,$(WARN)) \
		$(FUZZFLAGS) -o $@ $(filter %.c,$^) $(FUZZLIBS) $(LIBS)

# A program that goes through all that there is, instead of a sample.  Its
# sources are compiled for it alone: -O3 makes of a minute a quarter of one.
$(BUILD)/tests/exhaust_guard: lib/guard.c tests/guard_public.h

$(BUILD)/tests/exhaust_%: tests/exhaust_%.c $(wildcard lib/*.h)
	@mkdir -p $(@D)
	@echo '  LD   $@'
	@$(CC) $(CPPFLAGS) $(TESTCFLAGS) -O3 --param max-completely-peel-times=64 \
		-pie $(LDHARDEN) -o $@ $(filter %.c,$^)

fuzz: deps-CHECK $(FUZZERS) $(EXHAUSTERS)
	@for program in $(EXHAUSTERS); do $$program || exit; done
	@for fuzzer in $(FUZZERS); do \
		name=$${fuzzer##*/}; mkdir -p $(BUILD)/fuzz/$$name || exit; \
		echo "$$name for $(FUZZ_SECONDS) s"; \
		$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
			-print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/ \
			$(BUILD)/fuzz/$$name tests/$$name \
			>$(BUILD)/fuzz/$$name.log 2>&1 || \
			{ tail -n 40 $(BUILD)/fuzz/$$name.log; exit 1; }; \
		grep stat::number_of_executed_units \
			$(BUILD)/fuzz/$$name.log; \
	done

# --- measuring --------------------------------------------------------------
#
# Prints ratios and bytes as one table; fails only if something cannot be run.

BENCH_ORDERS = 1000000
BENCH_PARTS = start apache pages compare webhooks memory
# "quick": the comparison with other ways in a minute instead of seven.
COMPARE = full
BENCHDIR = $(BUILD)/bench
BENCH = $(addprefix $(BENCHDIR)/,empty empty_cgi empty_fastcgi spawn load \
	measure seed deliver session hammer) \
	$(if $(filter musl,$(LIBC)),$(BENCHDIR)/empty_musl)

# No position independence, no hardening: the least that a process costs, by
# the usual toolchain and by ours.
EMPTY = $(CC) -std=c11 -O2 -Wall -Wextra -Werror -fno-pie -no-pie -static

$(BENCHDIR)/empty_fastcgi: tests/bench/empty_fastcgi.c Makefile
	@mkdir -p $(@D)
	@echo '  LD   $@'
	@$(EMPTY) -o $@ $<

$(BENCHDIR)/empty $(BENCHDIR)/empty_cgi: tests/bench/empty.c Makefile
	@mkdir -p $(@D)
	@echo '  LD   $@'
	@$(EMPTY) $(if $(filter %_cgi,$@),-DANSWER) -o $@ $<

$(BENCHDIR)/empty_musl: tests/bench/empty.c Makefile build/static/versions
	@mkdir -p $(@D)
	@echo '  LD   $@'
	@$(EMPTY) -specs=build/static/musl.specs -o $@ $<

$(addprefix $(BENCHDIR)/,spawn load measure seed deliver session): $(BENCHDIR)/%: \
		$(STATICOBJ)/tests/bench/%.o $(STATICLIB) \
		$(BUILD)/gen/linked-$(LIBC)
	$(LINK)

$(BENCHDIR)/hammer: $(addprefix $(BUILD)/obj/tests/,bench/hammer.o \
		receiver/wire.o)
	@mkdir -p $(@D)
	@echo '  LD   $@'
	@$(CC) $(OPT) -pie $(LDHARDEN) -o $@ $^ -lssl -lcrypto

bench: deps-BENCH all $(BENCH) $(RECEIVER)
	+@BUILD='$(BUILD)' MAKE='$(MAKE)' ORDERS='$(BENCH_ORDERS)' \
		COMPARE='$(COMPARE)' tests/bench/run $(BENCH_PARTS)

# --- running ----------------------------------------------------------------

run: deps-RUN all
	@MAKE='$(MAKE)' FASTCGI='$(FASTCGI)' tests/demo '$(RUN_DIR)' '$(PORT)'

# --- linting ----------------------------------------------------------------

SOURCES = $(wildcard lib/*.[ch] cgi-bin/*/*.[ch] bin/*.[ch] tests/*.[ch] \
	tests/bench/*.[ch] tests/receiver/*.[ch])

lint: deps-LINT all
	@clang-format --dry-run --Werror $(SOURCES)
	@tests/lint
	cppcheck --quiet --std=c11 --enable=warning,performance,portability \
		--inline-suppr --error-exitcode=1 -j2 -D_GNU_SOURCE \
		-Ilib -I$(BUILD)/gen lib cgi-bin bin
	@printf '%s\n' $(filter-out %/one.c,$(filter lib/%.c cgi-bin/%.c bin/%.c,\
		$(SOURCES))) | xargs -P2 -n8 sh -c 'clang-tidy --quiet "$$@" -- \
		-std=c11 $(CPPFLAGS) 2>/dev/null' sh

# --- cleaning ---------------------------------------------------------------

clean:
	rm -rf build

-include $(shell find $(BUILD)/obj $(BUILD)/musl -name '*.d' 2>/dev/null)

.PHONY: deps-BUILD deps-RUN deps-CHECK deps-LINT deps-BENCH $(NPM) all libs \
	install uninstall dist run check fuzz bench lint clean

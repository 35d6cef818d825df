# SPDX-License-Identifier: ISC
#
# The test programs: each tests/check_X.c is one, linked with the harness and
# the library, dynamically (libcurl has no static form).  Included by the
# Makefile.

TESTCFLAGS = $(filter-out -Wnull-dereference,$(CFLAGS))
TESTLIBS = -lcheck -lsubunit -lrt -lpthread -lcurl $(LIBS)
TESTS = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/check_*.c))

$(BUILD)/obj/tests/%.o: tests/%.c $(BUILD)/gen/schema_version.h Makefile
	@mkdir -p $(@D)
	@echo '  CC   $<'
	@$(CC) $(CPPFLAGS) -Itests $(TESTCFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/check_contract: $(BUILD)/obj/tests/contract.o
$(BUILD)/tests/check_%: $(BUILD)/obj/tests/check_%.o \
		$(BUILD)/obj/tests/harness.o $(LIB)
	@mkdir -p $(@D)
	@echo '  LD   $@'
	@$(CC) $(OPT) -pie $(LDHARDEN) -o $@ $^ $(TESTLIBS)

# "+": tests/run calls make install.
check: deps-CHECK all $(TESTS)
	+@BUILD='$(BUILD)' MAKE='$(MAKE)' FUZZ_SECONDS=5 tests/run

.PHONY: check

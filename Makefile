# dvr: everything is built into $(BUILD); see README.md for the two commands.
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0
WERROR ?=

PKGS := libcurl yaml-0.1 libxml-2.0 libpcre2-8 sqlite3 libssl libcrypto zlib \
	libbrotlidec libbrotlienc libzstd libnghttp2 libedit
# CI turns warnings into errors.
ifneq ($(CI),)
WERROR := -Werror
endif

CC ?= cc
OPT ?= -O2 -g
SANITIZE ?=
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wformat=2 -Wundef \
	-Wvla -Wnull-dereference $(WERROR)
CPPFLAGS += -Iinclude -D_GNU_SOURCE -DDVR_VERSION='"$(VERSION)"' \
	-DPCRE2_CODE_UNIT_WIDTH=8 -U_FORTIFY_SOURCE
CFLAGS += -std=c11 $(OPT) $(WARN) -fno-common -fstack-protector-strong \
	$(SANITIZE) $(shell pkg-config --cflags $(PKGS))
LDLIBS := $(shell pkg-config --libs $(PKGS)) -lm
LDFLAGS += $(SANITIZE)

SRC := $(sort $(wildcard runner/*/*.c reporters/*.c))
OBJ := $(SRC:%.c=$(BUILD)/%.o)
MAIN := $(BUILD)/runner/cli/main.o
LIB := $(BUILD)/libdvr.a

UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
UNIT_OBJ := $(UNIT_SRC:%.c=$(BUILD)/%.o)
SUITES := $(patsubst tests/unit/test_%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS ?= 60
TEST ?=

.PHONY: all deps check unit e2e demo regress bench bench-race asan fuzz fuzz-http1 lint format golden \
	install clean
.DELETE_ON_ERROR:

all: $(BUILD)/dvr $(BUILD)/dvr-cli

$(LIB): $(filter-out $(MAIN),$(OBJ))
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/dvr: $(MAIN) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/dvr-cli: $(BUILD)/dvr
	ln -sf dvr $@

$(BUILD)/%.o: %.c | deps
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Missing packages are installed once (root), or named (anybody else).
deps:
	@sh ci/deps.sh build

# ---- tests -----------------------------------------------------------

# The table of suites follows from the file names: test_x.c has suite_x().
$(BUILD)/tests/unit/suites.h: $(UNIT_SRC) Makefile
	@mkdir -p $(@D)
	@{ for s in $(SUITES); do echo "SUITE($$s)"; done; } > $@

$(BUILD)/tests/unit/main.o: $(BUILD)/tests/unit/suites.h
$(UNIT_OBJ): CPPFLAGS += -I$(BUILD)/tests/unit -DBUILD_DIR='"$(BUILD)"'

$(BUILD)/check_unit: $(UNIT_OBJ) $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs check) $(LDLIBS)

# TEST=name runs one suite.
unit: $(BUILD)/check_unit
	$(if $(TEST),CK_RUN_SUITE=$(TEST)) $(BUILD)/check_unit

e2e: all
	BUILD=$(BUILD) sh tests/e2e/run.sh $(TEST)

check:
	@sh ci/deps.sh check
	BUILD=$(BUILD) MAKE="$(MAKE)" sh tests/check.sh

# Ten times slower, on a machine that may have other work: so are the limits.
asan:
	CK_TIMEOUT_MULTIPLIER=$${CK_TIMEOUT_MULTIPLIER:-10} \
	$(MAKE) BUILD=build/asan OPT='-O1 -g -fno-omit-frame-pointer' \
		SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined' \
		TEST=$(TEST) unit

fuzz: | deps
	@sh ci/deps.sh lint
	BUILD=build/fuzz SECONDS_EACH=$(FUZZ_SECONDS) MAKE="$(MAKE)" \
		sh tests/fuzz/run.sh $(FUZZ)

# Our HTTP/1.1 decoder beside Node's parser: FUZZ_SECONDS=900 SEED=anything.
fuzz-http1: $(LIB)
	BUILD=$(BUILD) python3 tests/fuzz/http1_node.py $(FUZZ_SECONDS) $(SEED)

# One fuzz target, built with clang's libFuzzer (used by tests/fuzz/run.sh).
build/fuzz/fuzz_%: tests/fuzz/fuzz_%.c build/fuzz/libdvr.a
	clang $(CPPFLAGS) $(filter-out -Wno-error,$(CFLAGS)) -fsanitize=fuzzer \
		-o $@ $^ $(LDFLAGS) $(LDLIBS)

golden: $(BUILD)/check_unit
	DVR_GOLDEN=write $(BUILD)/check_unit
	git diff --stat -- tests/golden

# ---- the main job -------------------------------------------------------

demo: all
	BUILD=$(BUILD) sh examples/demo.sh

regress: all
	BUILD=$(BUILD) sh examples/regress.sh

bench: all
	@sh ci/deps.sh bench
	BUILD=$(BUILD) MAKE="$(MAKE)" sh tests/bench/run.sh
	BUILD=$(BUILD) sh tests/bench/wires.sh
	python3 tests/bench/first_byte.py $(BUILD)/dvr
	BUILD=$(BUILD) MAKE="$(MAKE)" sh tests/bench/replay.sh
	BUILD=$(BUILD) MAKE="$(MAKE)" sh tests/bench/scrub.sh

# k of n for the shop's race, by holds and by timing alone: some minutes.
bench-race: all
	BUILD=$(BUILD) sh tests/bench/race.sh

# ---- care ----------------------------------------------------------------

lint: | deps
	@sh ci/deps.sh lint
	sh tests/lint.sh

format:
	clang-format -i $(SRC) $(wildcard runner/*/*.h include/dvr/*.h \
		include/dvr/*/*.h tests/unit/*.c tests/fuzz/*.c)

SHARE = $(DESTDIR)$(PREFIX)/share
MAN1 = $(SHARE)/man/man1

install: all
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/dvr $(DESTDIR)$(PREFIX)/bin/dvr
	ln -sf dvr $(DESTDIR)$(PREFIX)/bin/dvr-cli
	install -d $(MAN1) $(SHARE)/bash-completion/completions \
		$(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d
	$(BUILD)/dvr manual >$(MAN1)/dvr.1
	ln -sf dvr.1 $(MAN1)/dvr-cli.1
	$(BUILD)/dvr completion bash >$(SHARE)/bash-completion/completions/dvr
	$(BUILD)/dvr completion zsh >$(SHARE)/zsh/site-functions/_dvr
	$(BUILD)/dvr completion fish >$(SHARE)/fish/vendor_completions.d/dvr.fish

clean:
	rm -rf build

-include $(OBJ:.o=.d) $(UNIT_OBJ:.o=.d)

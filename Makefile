# parkwatch - see `make help`.
#
# Every folder in ROOMS becomes one archive; tests/unit/ROOM/test_*.c becomes one
# cmocka program each, linked with the archives. VARIANT=asan|tsan|cov builds
# the same tree with instrumentation under build/VARIANT.

ROOMS := base loop catalogue storage collectors query assess rules exporters daemon
# Link order: who needs before who is needed.
LIBROOMS := exporters rules assess collectors query storage catalogue loop base

VARIANT ?=
B := build$(if $(VARIANT),/$(VARIANT))

# For the targets that build everything by themselves.
JOBS := $(shell nproc 2>/dev/null || echo 1)

CC ?= cc
CXX ?= c++
CFLAGS ?= -O2 -g
CXXFLAGS ?= $(CFLAGS)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef \
	-Wpointer-arith -Wwrite-strings -Wformat=2 -Wno-missing-field-initializers
# base/*.cc: what only C++ has.
CXXWARN := $(filter-out -Wstrict-prototypes -Wmissing-prototypes,$(WARN))
# Warnings are errors in a checkout of ours; a release build says WERROR= .
WERROR ?= $(if $(wildcard .git),-Werror)
PKGS := libuv libcurl libmicrohttpd yaml-0.1 yajl libutf8proc libxxhash snappy zlib re2 libsodium libzstd gnutls libcrypt libgsf-1 expat libzip
CPPFLAGS += -D_GNU_SOURCE -I. -I$(B)/gen $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -llmdb -lstdc++ -lpthread -lm

SAN_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SAN_tsan := -fsanitize=thread -fno-omit-frame-pointer
SAN_cov := --coverage -O0
SAN := $(SAN_$(VARIANT))

ALL_CFLAGS = -std=c17 $(CFLAGS) $(SAN) $(WARN) $(WERROR) -MMD -MP
ALL_CXXFLAGS = -std=c++17 $(CXXFLAGS) $(SAN) $(CXXWARN) $(WERROR) -MMD -MP
ALL_LDFLAGS = $(LDFLAGS) $(SAN)

srcs = $(wildcard $(1)/*.c) $(wildcard $(1)/*/*.c)
objs = $(patsubst %.c,$(B)/%.o,$(call srcs,$(1))) $(patsubst %.cc,$(B)/%.o,$(wildcard $(1)/*.cc))

ifneq ($(V),1)
Q := @
say = @printf '  %-5s %s\n' $(1) $(patsubst $(B)/%,%,$@)
endif

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

all: $(B)/parkwatch $(B)/city-offices ## build the daemon and the example city's offices

# Loops over points and columns: worth unrolling and vector instructions.
$(B)/query/%.o $(B)/storage/columns%.o: HOT = $(if $(filter -O2,$(CFLAGS)),-O3)

$(B)/%.o: %.c Makefile
	$(say) CC
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(HOT) -c -o $@ $<

$(B)/%.o: %.cc Makefile
	$(say) CXX
	@mkdir -p $(@D)
	$(Q)$(CXX) $(CPPFLAGS) $(ALL_CXXFLAGS) -c -o $@ $<

define room_rule
$(B)/lib$(1).a: $(call objs,$(1))
	$$(say) AR
	@mkdir -p $$(@D) && rm -f $$@
	$(Q)ar rcs $$@ $$^
endef
$(foreach r,$(LIBROOMS),$(eval $(call room_rule,$(r))))
LIBA := $(LIBROOMS:%=$(B)/lib%.a)

# daemon/main.c is the program; the rest of daemon/ is an archive that tests link too.
DAEMON_OBJS := $(filter-out $(B)/daemon/main.o,$(call objs,daemon))
$(B)/libdaemon.a: $(DAEMON_OBJS)
	$(say) AR
	@mkdir -p $(@D) && rm -f $@
	$(Q)ar rcs $@ $^

$(B)/parkwatch: $(B)/daemon/main.o $(B)/libdaemon.a $(LIBA)
	$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

OFFICE_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out examples/city/main.c,$(wildcard examples/city/*.c)))
$(B)/city-offices: $(B)/examples/city/main.o $(OFFICE_OBJS) $(LIBA)
	$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# --- tests -------------------------------------------------------------------

UNIT_SRCS := $(wildcard tests/unit/*/test_*.c) $(wildcard tests/scenario/test_*.c)
UNIT := $(UNIT_SRCS:%.c=$(B)/%)
TESTLIB_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard tests/lib/*.c) $(filter-out tests/promql/main.c,$(wildcard tests/promql/*.c)))

$(B)/libtest.a: $(TESTLIB_OBJS)
	$(say) AR
	@mkdir -p $(@D) && rm -f $@
	$(Q)ar rcs $@ $^

# A test of one room links that room and those below it only, as far as they exist.
ROOM_NEEDS_base := base
ROOM_NEEDS_loop := loop base
ROOM_NEEDS_catalogue := catalogue base
ROOM_NEEDS_storage := storage base
ROOM_NEEDS_collectors := collectors query catalogue loop base
ROOM_NEEDS_query := query base
ROOM_NEEDS_assess := assess query storage catalogue base
ROOM_NEEDS_rules := rules storage loop base
ROOM_NEEDS_exporters := exporters rules assess query storage catalogue loop base
ROOM_NEEDS_daemon := daemon $(LIBROOMS)
define unit_rule
$(B)/tests/unit/$(1)/test_%: $(B)/tests/unit/$(1)/test_%.o $(B)/libtest.a $(ROOM_NEEDS_$(1):%=$(B)/lib%.a)
	$$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $$@ $$^ $(LIBS) $$(TEST_LIBS) -lcmocka
endef
$(foreach r,$(ROOMS),$(eval $(call unit_rule,$(r))))
$(B)/tests/unit/collectors/test_xlsx_written: TEST_LIBS := -lxlsxwriter
SCENE_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out tests/scenario/test_%,$(wildcard tests/scenario/*.c)))
$(B)/tests/scenario/test_%: $(B)/tests/scenario/test_%.o $(SCENE_OBJS) $(OFFICE_OBJS) $(B)/libtest.a $(B)/libdaemon.a $(LIBA)
	$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

# What the scripts of tests/system need besides the daemon.
SYSTEM := $(patsubst %.c,$(B)/%,$(wildcard tests/system/*.c))
$(B)/tests/system/%: $(B)/tests/system/%.o $(B)/libstorage.a $(B)/libbase.a
	$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# The scripts of the query language: one program that runs them all.
$(B)/promql-scripts: $(B)/tests/promql/main.o $(B)/libtest.a $(B)/libquery.a $(B)/libbase.a
	$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

unit: $(UNIT) ## build the unit and scenario tests

# A fuzz target is a function; here it is linked with a driver that replays a corpus,
# `make fuzz` links it with libFuzzer.
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
$(B)/tests/replay/%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(B)/libdaemon.a $(LIBA)
	$(say) LD
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# The fault tools of tests/torture (README there). The preloaded ones carry no sanitizer: it would have to
# come before them.
TORTURE := $(B)/torture-record.so $(B)/torture-fault.so $(B)/torture-disk $(B)/torture-control $(B)/torture-readback
$(B)/torture-record.so: tests/torture/record.c tests/torture/recorder.c
$(B)/torture-fault.so: tests/torture/fault.c
$(B)/torture-%.so: tests/torture/recorder.h tests/torture/record.h tests/torture/interpose.h tests/torture/interpose_open.h Makefile
	$(say) LD
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) -std=c17 $(CFLAGS) $(WARN) $(WERROR) $(LDFLAGS) -fPIC -shared -o $@ $(filter %.c,$^) -ldl -lpthread
$(B)/torture-disk: $(B)/tests/torture/replay_disk.o $(B)/tests/torture/disk_model.o $(B)/tests/torture/disk_file.o
	$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^
$(B)/torture-control: $(B)/tests/torture/control.o
	$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -llmdb -ldl
$(B)/torture-readback: $(B)/tests/torture/readback.o $(B)/libstorage.a $(B)/libbase.a
	$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

torture: all $(TORTURE) ## build the tools of the fault tests

check: all unit $(B)/promql-scripts $(FUZZ:%=$(B)/tests/replay/%) ## unit tests, scenarios, query scripts, fuzz corpus
	@tools/run-tests $(B) unit promql corpus

test: deps ## install what is missing, then every test there is
	@$(MAKE) --no-print-directory -j$(JOBS) test-installed

test-installed: all unit $(B)/promql-scripts $(SYSTEM) $(TORTURE) $(FUZZ:%=$(B)/tests/replay/%) $(B)/bench/load
	@tools/run-tests $(B) unit promql corpus system

check-asan: ## check under address and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=asan check

check-tsan: ## check under the thread sanitizer
	@$(MAKE) --no-print-directory -j$(JOBS) VARIANT=tsan check

coverage: ## line coverage of the unit tests
	@tools/deps lint
	@$(MAKE) --no-print-directory VARIANT=cov WERROR= check
	gcovr --root . --object-directory build/cov --exclude 'tests/.*' --exclude 'examples/.*' \
		--exclude 'bench/.*' --gcov-ignore-parse-errors --print-summary

FUZZ_SECONDS ?= 60
fuzz: ## fuzz every target for FUZZ_SECONDS each (libFuzzer, ASan, UBSan)
	@tools/fuzz $(FUZZ_SECONDS) $(FUZZ)

bench: deps all $(patsubst bench/%.c,$(B)/bench/%,$(wildcard bench/bench_*.c)) ## print the measured figures (see also bench-peers)
	@bench/run $(B)
	@echo "# beside prometheus and victoria-metrics: make bench-peers (an hour and a half; PEERS=--quick: minutes)"

PEERS ?=
bench-peers: deps all $(B)/bench/load ## measure beside prometheus and victoria-metrics; PEERS='--quick' etc.
	@python3 bench/peers --build $(B) $(PEERS)

# Of the rooms it needs base only, so that it can be built before anything else works.
$(B)/bench/load: $(patsubst %.c,$(B)/%.o,$(wildcard bench/load*.c)) $(B)/libbase.a
	$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lsnappy

$(B)/bench/bench_figures: $(B)/bench/load_set.o
$(B)/bench/%: $(B)/bench/%.o $(B)/libtest.a $(B)/libdaemon.a $(LIBA)
	$(say) LD
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) -lcmocka

# --- care ----------------------------------------------------------------------

C_FILES := $(wildcard $(foreach r,$(ROOMS) tests/unit/* tests/lib tests/scenario tests/promql tests/system tests/torture tests/fuzz bench examples/city query/stats collectors/formats,$(r)/*.c $(r)/*.cc $(r)/*.h))

layers: ## prove that includes go one way
	@tools/layers

lint: layers ## clang-tidy, cppcheck, include order, formatting
	@tools/lint

format: ## lay out all C files
	clang-format -i $(C_FILES)

deps: ## install what is missing (Debian, apt)
	@tools/deps

run: ## install what is missing, build, and run the example city
	@tools/deps build
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@examples/city/run $(B)

PREFIX ?= /usr/local
install: all ## install the daemon below PREFIX
	install -D -m 755 $(B)/parkwatch $(DESTDIR)$(PREFIX)/bin/parkwatch
	install -D -m 644 packaging/parkwatch.service $(DESTDIR)$(PREFIX)/lib/systemd/system/parkwatch.service

clean: ## remove everything built
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: all unit check test test-installed check-asan check-tsan coverage fuzz bench bench-peers layers lint torture \
	format deps run install clean help

-include $(wildcard $(foreach r,$(ROOMS) tests/unit/* tests/lib tests/scenario tests/promql tests/system tests/torture tests/fuzz bench examples/city query/stats collectors/formats,$(B)/$(r)/*.d))

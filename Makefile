# SPDX-License-Identifier: GPL-2.0
# Block-layer data integrity for Linux 6.12. Each target calls a script in scripts/ or tools/bench/.

# Linux 6.12, a tree or a tarball (default: Debian's linux-source-6.12); accelerator of QEMU; kernel with more checks.
KERNEL_SRC ?=
ACCEL ?= tcg
DEBUG ?=
FUZZ_SECONDS ?= 60
export KERNEL_SRC ACCEL DEBUG

help:
	@echo 'make run          tests protected I/O in QEMU and prints a table, one line per device'
	@echo 'make test         runs all tests: kunit, kunit-qemu, selftest, check; prints the totals'
	@echo
	@echo 'make tree         creates build/base (pristine Linux) and build/linux (this project laid over it)'
	@echo 'make kernel       builds the x86_64 kernel of the guest in build/kernel'
	@echo 'make shell        starts a shell in the guest, with its devices'
	@echo 'make kunit        runs the KUnit suites in UML'
	@echo 'make kunit-qemu   runs the KUnit suites in QEMU, x86_64'
	@echo 'make selftest     runs all tests in the guest, including the slow ones; prints failures and a table'
	@echo 'make bench        compares speed and cost with the base, all of it; writes build/bench/report.html'
	@echo 'make bench-guards  compares the speed of guards with the base'
	@echo 'make bench-path   compares the instructions of a bio, exactly, with the base; fails if a disk without metadata costs more'
	@echo 'make check        runs checkpatch, sparse, W=1, clang, kernel-doc, known fuzz inputs, and compiles all users'
	@echo 'make check-drivers  compiles all users of the interface'
	@echo 'make test-base    runs tests of known defects on the unmodified base and on this code; prints a table'
	@echo 'make test-archs   runs the KUnit suites in QEMU on i386 (high memory), s390x and powerpc64 (big endian), arm64 (4, 64 KiB)'
	@echo 'make test-sanitize  runs KUnit and tests of the guest with KASAN, UBSAN, lockdep and kmemleak in UML, KUnit with'
	@echo '                  PREEMPT_RT, with KCSAN and with KMSAN in QEMU, and fuzzes'
	@echo 'make test-matrix  runs all cells of the test that combines formats of pi_brd with stacks and submitters: takes hours'
	@echo 'make coverage     writes which lines and branches KUnit runs to build/coverage/index.html'
	@echo 'make fuzz         runs random geometries, cuts and contents under ASan and UBSan; FUZZ_SECONDS=60'
	@echo 'make docs         builds our pages as HTML with Sphinx and fails on warnings'
	@echo 'make soak         runs all of the above that test: takes hours'
	@echo 'make patch        writes the difference from Linux to build/patches, as a series for git am'
	@echo 'make patch-check  the same, and compiles the block layer and its drivers after each patch'
	@echo 'make debian13     sets up a fresh Debian 13 in a directory and runs KUnit there (as root)'
	@echo 'make clean        removes what was built; distclean: all of build/'
	@echo
	@echo 'KERNEL_SRC=PATH   Linux 6.12, a tree or a tarball (default: the package linux-source-6.12)'
	@echo 'ACCEL=kvm         accelerator of QEMU (default: tcg)'
	@echo 'DEBUG=1           guest kernel with KASAN, UBSAN and lockdep; DEBUG=lockdep: only lockdep, faster; DEBUG=uml: UML'
	@echo 'BUSY=2            two busy loops per processor run beside the tests in the guest (default: none)'
	@echo 'MEMORY=256M       memory of the guest (default: 1G)'
	@echo 'TIMEOUT=600       seconds without output after which a guest or a KUnit run is killed; its total time is not limited'

tree:
	@scripts/packages
	@scripts/setup-base
	@scripts/overlay

kernel: tree
	@scripts/kernel

run:
	@scripts/run

shell: kernel
	@scripts/guest shell

selftest: tree
	@scripts/kernel full
	@scripts/guest run full

kunit: tree
	@scripts/kunit um

kunit-qemu: tree
	@scripts/kunit x86_64

bench: tree
	@tools/bench/run

bench-path: tree
	@tools/bench/path/run

bench-guards: tree
	@tools/bench/guards

check: tree
	@scripts/check

check-drivers: tree
	@scripts/check drivers

test-base: tree
	@scripts/test-base

test-sanitize: tree
	@FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/sanitize

test-archs: tree
	@scripts/archs

coverage: tree
	@scripts/coverage

fuzz: tree
	@scripts/fuzz $(FUZZ_SECONDS)

docs: tree
	@scripts/docs

test-matrix: tree
	@scripts/kernel full
	@BOOT=PI_MATRIX=all scripts/guest run matrix

soak: FUZZ_SECONDS = 3600
soak: test test-base test-archs test-sanitize test-matrix coverage docs patch-check

patch: tree
	@scripts/patch

patch-check: patch
	@scripts/patch-check

debian13:
	@scripts/debian13

test: tree
	@scripts/test

clean:
	@scripts/clean

distclean:
	@scripts/clean all

# A target may build and run several kernels, in the same directories as other targets.
.NOTPARALLEL:
.PHONY: help tree kernel run shell selftest kunit kunit-qemu bench bench-guards bench-path check check-drivers
.PHONY: patch patch-check debian13 test test-base test-archs test-sanitize test-matrix coverage fuzz docs soak clean distclean

# SPDX-License-Identifier: GPL-2.0
# Block-layer data integrity for Linux 6.12: what can be done here. Every step is a script of its own in scripts/.

# A tree or tarball of Linux 6.12 (default: Debian's linux-source-6.12), QEMU's accelerator, a kernel with more checks.
KERNEL_SRC ?=
ACCEL ?= tcg
DEBUG ?=
export KERNEL_SRC ACCEL DEBUG

help:
	@echo 'make run          protected I/O through this code on a 6.12 kernel in QEMU, device by device'
	@echo 'make test         everything below that tests: kunit, kunit-qemu, selftest, check; ends with the totals'
	@echo
	@echo 'make tree         build/base (pristine Linux) and build/linux (ours laid over it)'
	@echo 'make kernel       x86_64 kernel for the guest, in build/kernel'
	@echo 'make shell        a shell in the guest, with its devices'
	@echo 'make kunit        KUnit suites in UML'
	@echo 'make kunit-qemu   KUnit suites in QEMU, x86_64'
	@echo 'make selftest     all tests that run in the guest, the slow ones too, as KTAP'
	@echo 'make bench        allocations, work items and instructions an I/O, of the base and of ours; bench-guards too'
	@echo 'make bench-guards  how fast guards are computed, of the base and of ours'
	@echo 'make check        checkpatch, sparse, W=1, clang, kernel-doc, and all users of the interface'
	@echo 'make check-drivers  all users of the interface alone'
	@echo 'make patch        build/patches: the whole difference from Linux as a series for git am'
	@echo 'make patch-check  the same, and compiles the block layer and its drivers after every patch'
	@echo 'make debian13     set-up and KUnit on a fresh Debian 13, in a directory (as root)'
	@echo 'make clean        removes what was built; distclean: all of build/'
	@echo
	@echo 'KERNEL_SRC=PATH   Linux 6.12, a tree or a tarball (default: the package linux-source-6.12)'
	@echo 'ACCEL=kvm         accelerator of QEMU (default: tcg)'
	@echo 'DEBUG=1           guest kernel with KASAN, UBSAN and lockdep; DEBUG=lockdep: without the first two, faster'
	@echo 'MEMORY=256M       of the guest (default: 1G)'
	@echo 'TIMEOUT=600       a guest or a KUnit run is killed when it is silent for so many seconds; how long it runs is up to it'

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

bench: bench-guards
	@tools/bench/bench

bench-guards: tree
	@tools/bench/guards

check: tree
	@scripts/check

check-drivers: tree
	@scripts/check drivers

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
	rm -rf build

.PHONY: help tree kernel run shell selftest kunit kunit-qemu bench bench-guards check check-drivers patch patch-check debian13
.PHONY: test clean distclean

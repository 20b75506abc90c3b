# SPDX-License-Identifier: GPL-2.0
# The reference code of the tests must give the known answers; all other tests depend on it.
# shellcheck shell=sh
"$pi_io" vectors
result $? "reference vectors"

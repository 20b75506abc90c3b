# SPDX-License-Identifier: GPL-2.0
# The reference code of the tests gives the known answers: nothing below is worth anything if not.
# shellcheck shell=sh
"$pi_io" vectors
result $? "reference vectors"

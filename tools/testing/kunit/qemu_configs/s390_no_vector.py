# SPDX-License-Identifier: GPL-2.0
"""s390x without vector instructions: QEMU 7.2 computes checksums (VCKSM) that csum_partial() does not expect."""
from ..qemu_config import QemuArchParams

QEMU_ARCH = QemuArchParams(
    linux_arch='s390',
    qemu_arch='s390x',
    kernel_path='arch/s390/boot/bzImage',
    kernel_command_line='console=ttyS0 panic=-1',
    kconfig='''
CONFIG_EXPERT=y
CONFIG_TUNE_ZEC12=y
CONFIG_NUMA=y
CONFIG_MODULES=y
''',
    extra_qemu_params=['-machine', 's390-ccw-virtio', '-cpu', 'qemu,vx=off'])

# SPDX-License-Identifier: GPL-2.0
"""x86_64 with every instruction set that QEMU can do; ACCEL in the environment chooses the accelerator."""
import os

from ..qemu_config import QemuArchParams

accel = os.environ.get('ACCEL') or 'tcg'
if accel == 'tcg':
    accel += ',thread=multi'

QEMU_ARCH = QemuArchParams(
    linux_arch='x86_64',
    qemu_arch='x86_64',
    kernel_path='arch/x86/boot/bzImage',
    kernel_command_line='console=ttyS0 panic=-1',
    kconfig='''
CONFIG_SERIAL_8250=y
CONFIG_SERIAL_8250_CONSOLE=y
CONFIG_SMP=y
# CONFIG_ACPI is not set
CONFIG_X86_MPPARSE=y
''',
    extra_qemu_params=['-bios', 'qboot.rom', '-accel', accel, '-cpu', 'max', '-smp', '2'])

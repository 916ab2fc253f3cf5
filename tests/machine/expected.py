"""What each recorded tree must give, written down by hand.

Cache sizes, ways and lines are those of the cores' and chips' documents (device trees of Linux, sbc-bench, Arm's
manuals), not what the program printed. A cache reads `L1d 32K 4w 64B 128s 0|1|2|3 sysfs`: level and type, size, ways,
line, sets, for each instance the CPUs that share it, and the source of the size; `?` is unknown.
"""

import dataclasses

ALONE = "0|1|2|3"
SCHEDULERS = "the frequency governor"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Expected:
    """One tree. `vm`, `container` and `emulation` are "none" where files say so, None where nobody tells."""

    caches: tuple[str, ...]
    model: str | None
    soc: str | None
    cores: tuple[str, ...]
    cpu: str | None
    vm: str | None = "none"
    container: str | None = "none"
    emulation: str | None = "none"
    userland: str = "64-bit"
    governors: tuple[str, ...] = ()
    throttled: int | None = None
    under_voltage: bool | None = None
    celsius: float | None = None
    quota: float | None = None
    memory_limit: int | None = None
    allowed: str
    conflicts: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


def arm(core: str, source: str, cpus: str = "0-3") -> tuple[str, ...]:
    return (f"{core} {cpus} {source}",)


def a53(l2: str, source: str) -> tuple[str, ...]:
    return (f"L1d 32K 4w 64B 128s {ALONE} {source}", f"L1i 32K 2w 64B 256s {ALONE} {source}", f"{l2} 0-3 {source}")


def a72(source: str) -> tuple[str, ...]:
    return (
        f"L1d 32K 2w 64B 256s {ALONE} {source}",
        f"L1i 48K 3w 64B 256s {ALONE} {source}",
        f"L2 1024K 16w 64B 1024s 0-3 {source}",
    )


def a76(source: str) -> tuple[str, ...]:
    return (
        f"L1d 64K 4w 64B 256s {ALONE} {source}",
        f"L1i 64K 4w 64B 256s {ALONE} {source}",
        f"L2 512K 8w 64B 1024s {ALONE} {source}",
        f"L3 2048K 16w 64B 2048s 0-3 {source}",
    )


MIDR, CPUINFO = "sysfs, midr_el1", "/proc/cpuinfo"
PI4 = "Raspberry Pi 4 Model B Rev 1.4"
N100 = (
    f"L1d 32K 8w 64B 64s {ALONE} sysfs",
    f"L1i 64K 8w 64B 128s {ALONE} sysfs",
    "L2 2048K 16w 64B 2048s 0-3 sysfs",
    "L3 6144K 12w 64B 8192s 0-3 sysfs",
)
LAPTOP = "Intel(R) Core(TM) i5-8250U CPU @ 1.60GHz"

ROWS: dict[str, Expected] = {
    "pi-zero": Expected(
        caches=(
            "L1d 16K 4w 32B 128s 0 board table", "L1i 16K 4w 32B 128s 0 board table", "L2 128K ?w ?B ?s 0 board table",
        ),
        model="Raspberry Pi Zero W Rev 1.1", soc="BCM2835", cores=arm("ARM1176", CPUINFO, "0"), cpu="1x ARM1176",
        userland="32-bit", governors=("ondemand",), throttled=0, celsius=43.312, allowed="0",
        advice=(SCHEDULERS,),
    ),
    "pi-zero-w": Expected(
        caches=(
            "L1d 16K 4w 16B 256s 0 device tree", "L1i 16K 4w 16B 256s 0 device tree", "L2 128K ?w ?B ?s 0 board table",
        ),
        model="Raspberry Pi Zero W Rev 1.1", soc="BCM2835", cores=arm("ARM1176", CPUINFO, "0"), cpu="1x ARM1176",
        userland="32-bit", governors=("ondemand",), throttled=0, celsius=43.312, allowed="0",
        conflicts=(
            "L1 data of ARM1176: line size", "L1 data of ARM1176: number of sets",
            "L1 instruction of ARM1176: line size", "L1 instruction of ARM1176: number of sets",
        ),
        advice=(SCHEDULERS,),
    ),
    "pi2": Expected(
        caches=(
            f"L1d 32K 4w 64B 128s {ALONE} device tree", f"L1i 32K 2w 32B 512s {ALONE} device tree",
            "L2 512K 8w 64B 1024s 0-3 device tree",
        ),
        model="Raspberry Pi 2 Model B Rev 1.1", soc="BCM2836", cores=arm("Cortex-A7", CPUINFO), cpu="4x Cortex-A7",
        userland="32-bit", governors=("powersave",), throttled=0, celsius=39.546, allowed="0-3",
        advice=(SCHEDULERS,),
    ),
    "pi3b": Expected(
        caches=a53("L2 512K 16w 64B 512s", "sysfs"),
        model="Raspberry Pi 3 Model B Rev 1.2", soc="BCM2837", cores=arm("Cortex-A53", MIDR), cpu="4x Cortex-A53",
        governors=("schedutil",), under_voltage=True, celsius=61.224, allowed="0-3",
        advice=("the firmware reports under-voltage (the kernel's alarm)", SCHEDULERS),
    ),
    "pi3b-plus": Expected(
        caches=a53("L2 512K 16w 64B 512s", "device tree"),
        model="Raspberry Pi 3 Model B Plus Rev 1.3", soc="BCM2837B0", cores=arm("Cortex-A53", CPUINFO),
        cpu="4x Cortex-A53", userland="32-bit", governors=("ondemand",), throttled=0x80008, under_voltage=False,
        celsius=63.912, allowed="0-3",
        advice=(
            "the firmware reports soft temperature limit", "cpufreq says 1400 MHz, the firmware measures 1200 MHz",
            SCHEDULERS, "it is 64 C hot",
        ),
    ),
    "zero2w": Expected(
        caches=a53("L2 512K 16w 64B 512s", "sysfs"),
        model="Raspberry Pi Zero 2 W Rev 1.0", soc="RP3A0 (BCM2710A1)", cores=arm("Cortex-A53", MIDR),
        cpu="4x Cortex-A53", governors=("ondemand",), throttled=0, under_voltage=False, celsius=52.616, allowed="0-3",
        advice=(SCHEDULERS, "60 MiB are swapped out", "only 219 MiB"),
    ),
    "pi4-64bit": Expected(
        caches=a72("sysfs"), model=PI4, soc="BCM2711", cores=arm("Cortex-A72", MIDR), cpu="4x Cortex-A72",
        governors=("ondemand",), throttled=0x50005, under_voltage=True, celsius=48.199, allowed="0-3",
        advice=("the firmware reports under-voltage, throttled, under-voltage since boot", SCHEDULERS),
    ),
    "pi4-32bit": Expected(
        caches=a72("device tree"), model=PI4, soc="BCM2711", cores=arm("Cortex-A72", CPUINFO), cpu="4x Cortex-A72",
        userland="32-bit", governors=("ondemand",), throttled=0, under_voltage=False, celsius=48.199, allowed="0-3",
        advice=(SCHEDULERS,),
    ),
    "pi4-32bit-userland": Expected(
        caches=a72("sysfs"), model=PI4, soc="BCM2711", cores=arm("Cortex-A72", MIDR), cpu="4x Cortex-A72",
        userland="32-bit on a 64-bit kernel", governors=("ondemand",), throttled=0, under_voltage=False,
        celsius=48.199, allowed="0-3", advice=("this Python is a 32-bit program", SCHEDULERS),
    ),
    "pi4-docker": Expected(
        caches=a72("sysfs"), model=PI4, soc="BCM2711", cores=arm("Cortex-A72", MIDR), cpu="4x Cortex-A72",
        vm=None, container="docker", governors=("ondemand",), throttled=0, under_voltage=True, celsius=48.199,
        quota=1.5, memory_limit=1 << 30, allowed="0-1",
        advice=(
            "the firmware reports under-voltage (the kernel's alarm)", SCHEDULERS, "the control group may use 1.5 of 4",
            "this process may use 2 of 4",
        ),
    ),
    "pi5-launch": Expected(
        caches=a76("board table"), model="Raspberry Pi 5 Model B Rev 1.0", soc="BCM2712",
        cores=arm("Cortex-A76", MIDR), cpu="4x Cortex-A76", governors=("ondemand",), throttled=0, under_voltage=False,
        celsius=48.5, allowed="0-3", conflicts=("L2 unified of Cortex-A76: sharing",), advice=(SCHEDULERS,),
    ),
    "pi5": Expected(
        caches=a76("sysfs"), model="Raspberry Pi 5 Model B Rev 1.1", soc="BCM2712", cores=arm("Cortex-A76", MIDR),
        cpu="4x Cortex-A76", governors=("ondemand",), throttled=0, under_voltage=False, celsius=48.5, allowed="0-3",
        advice=(SCHEDULERS, "250 MiB are swapped out"),
    ),
    "jetson-nano": Expected(
        caches=(
            f"L1d 32K 2w 64B 256s {ALONE} sysfs", f"L1i 48K 3w 64B 256s {ALONE} sysfs",
            "L2 2048K 16w 64B 2048s 0-3 sysfs",
        ),
        model="NVIDIA Jetson Nano Developer Kit", soc="Tegra X1 (T210)", cores=arm("Cortex-A57", MIDR),
        cpu="4x Cortex-A57", governors=("schedutil",), celsius=33.0, allowed="0-3", advice=(SCHEDULERS,),
    ),
    "rk3566": Expected(
        caches=(
            f"L1d 32K 4w 64B 128s {ALONE} sysfs", f"L1i 32K 4w 64B 128s {ALONE} sysfs",
            "L2 512K 16w 64B 512s 0-3 sysfs",
        ),
        model="Radxa ZERO 3W", soc="RK3566", cores=arm("Cortex-A55", MIDR), cpu="4x Cortex-A55",
        governors=("schedutil",), celsius=40.0, allowed="0-3", advice=(SCHEDULERS,),
    ),
    "rk3588": Expected(
        caches=(
            "L1d 32K 4w 64B 128s 0|1|2|3 sysfs", "L1d 64K 4w 64B 256s 4|5|6|7 sysfs",
            "L1i 32K 4w 64B 128s 0|1|2|3 sysfs", "L1i 64K 4w 64B 256s 4|5|6|7 sysfs",
            "L2 128K 4w 64B 512s 0|1|2|3 sysfs", "L2 512K 8w 64B 1024s 4|5|6|7 sysfs",
            "L3 3072K 12w 64B 4096s 0-7 sysfs",
        ),
        model="Radxa ROCK 5B", soc="RK3588 / RK3588S", cores=(f"Cortex-A55 0-3 {MIDR}", f"Cortex-A76 4-7 {MIDR}"),
        cpu="4x Cortex-A55 + 4x Cortex-A76", governors=("performance",) * 3, celsius=44.384, allowed="0-7",
    ),
    "rk3399": Expected(
        caches=(
            "L1d 32K 4w 64B 128s 0|1|2|3 sysfs", "L1d 32K 2w 64B 256s 4|5 sysfs",
            "L1i 32K 2w 64B 256s 0|1|2|3 sysfs", "L1i 48K 3w 64B 256s 4|5 sysfs",
            "L2 512K 16w 64B 512s 0-3 sysfs", "L2 1024K 16w 64B 1024s 4-5 sysfs",
        ),
        model="FriendlyElec NanoPi M4 Ver2.0", soc="RK3399", cores=(f"Cortex-A53 0-3 {MIDR}", f"Cortex-A72 4-5 {MIDR}"),
        cpu="4x Cortex-A53 + 2x Cortex-A72", governors=("ondemand",) * 2, celsius=45.0, allowed="0-5",
        advice=(SCHEDULERS,),
    ),
    "h616": Expected(
        caches=a53("L2 256K 16w 64B 256s", "sysfs"), model="OrangePi Zero2", soc="Allwinner H616 / H313",
        cores=arm("Cortex-A53", MIDR), cpu="4x Cortex-A53", governors=("ondemand",), celsius=58.84, allowed="0-3",
        advice=(SCHEDULERS,),
    ),
    "imx8mq": Expected(
        caches=a53("L2 1024K 16w 64B 1024s", "board table"), model="SolidRun i.MX8MQ HummingBoard Pulse",
        soc="i.MX8M Quad", cores=arm("Cortex-A53", MIDR), cpu="4x Cortex-A53", governors=("performance",),
        celsius=47.0, allowed="0-3",
    ),
    "visionfive2": Expected(
        caches=(
            f"L1d 32K 8w 64B 64s {ALONE} sysfs", f"L1i 32K 8w 64B 64s {ALONE} sysfs",
            "L2 2048K 16w 64B 2048s 0-3 sysfs",
        ),
        model="StarFive VisionFive 2 v1.3B", soc="JH7110", cores=arm("SiFive U74", CPUINFO), cpu="4x SiFive U74",
        governors=("schedutil",), celsius=51.0, allowed="0-3", advice=(SCHEDULERS,),
    ),
    "visionfive2-tree": Expected(
        caches=(
            f"L1d 32K 8w 64B 64s {ALONE} device tree", f"L1i 32K 8w 64B 64s {ALONE} device tree",
            "L2 2048K 16w 64B 2048s 0-3 device tree",
        ),
        model="StarFive VisionFive 2 v1.3B", soc="JH7110", cores=arm("SiFive U74", CPUINFO), cpu="4x SiFive U74",
        governors=("schedutil",), celsius=51.0, allowed="0-3", advice=(SCHEDULERS,),
    ),
    "milkv-duo": Expected(
        caches=("L1d 64K 2w 64B 512s 0 sysfs", "L1i 32K 4w 64B 128s 0 sysfs"), model="Milk-V Duo", soc="CV1800B",
        cores=arm("T-Head C906", CPUINFO, "0"), cpu="1x T-Head C906", celsius=42.3, allowed="0",
        advice=("only 30 MiB",),
    ),
    "n100": Expected(
        caches=N100, model="LattePanda ADL-N", soc="Alder Lake-N", cores=arm("Intel(R) N100", CPUINFO),
        cpu="Intel(R) N100", governors=("powersave",) * 4, celsius=36.0, allowed="0-3", advice=(SCHEDULERS,),
    ),
    "lxc-x86": Expected(
        caches=N100, model="LattePanda ADL-N", soc="Alder Lake-N", cores=arm("Intel(R) N100", CPUINFO),
        cpu="Intel(R) N100", container="lxc", governors=("powersave",) * 4, celsius=36.0, allowed="2-3",
        advice=(SCHEDULERS, "this process may use 2 of 4"),
    ),
    "container-x86": Expected(
        caches=N100, model=None, soc="Alder Lake-N", cores=arm("Intel(R) N100", CPUINFO), cpu="Intel(R) N100",
        vm="virtual machine", container="docker", quota=2.0, memory_limit=2 << 30, allowed="0-3",
        advice=("this is a virtual machine", "the control group may use 2 of 4"),
    ),
    "wsl2": Expected(
        caches=(
            "L1d 32K 8w 64B 64s 0-1|2-3|4-5|6-7 sysfs", "L1i 32K 8w 64B 64s 0-1|2-3|4-5|6-7 sysfs",
            "L2 256K 4w 64B 1024s 0-1|2-3|4-5|6-7 sysfs", "L3 6144K 12w 64B 8192s 0-7 sysfs",
        ),
        model=None, soc=None, cores=arm(LAPTOP, CPUINFO, "0-7"), cpu=LAPTOP, vm="WSL2", allowed="0-7",
        advice=("this is a virtual machine (WSL2)",),
    ),
    "qemu-user-x86": Expected(
        caches=(), model=None, soc=None, cores=(), cpu=None, emulation="aarch64 program on an x86 host (qemu-user)",
        governors=(), celsius=None, allowed="0-7", advice=("emulated",),
    ),
    "xen-guest-arm": Expected(
        caches=("L1d 32K 2w 64B 256s 0|1 core table", "L1i 48K 3w 64B 256s 0|1 core table"),
        model="XENVM-4.17", soc=None, cores=arm("Cortex-A72", MIDR, "0-1"), cpu="2x Cortex-A72", vm="Xen",
        allowed="0-1", advice=("this is a virtual machine (Xen)",),
    ),
}  # fmt: skip

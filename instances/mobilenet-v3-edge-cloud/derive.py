"""Write stages.csv, stages-48.csv and exits-48.csv; print the speeds, energies and checks that README.md quotes."""

from __future__ import annotations

from pathlib import Path

from serflow_opt.instances.architectures import Layers, Stage, conv, linear, total, write_stages, write_table

FOLDER = Path(__file__).parent
V3_LARGE = (
    (3, 16, 16, False, 1),
    (3, 64, 24, False, 2),
    (3, 72, 24, False, 1),
    (5, 72, 40, True, 2),
    (5, 120, 40, True, 1),
    (5, 120, 40, True, 1),
    (3, 240, 80, False, 2),
    (3, 200, 80, False, 1),
    (3, 184, 80, False, 1),
    (3, 184, 80, False, 1),
    (3, 480, 112, True, 1),
    (3, 672, 112, True, 1),
    (5, 672, 160, True, 2),
    (5, 960, 160, True, 1),
    (5, 960, 160, True, 1),
)
"""Kernel, expanded channels, output channels, squeeze-and-excite, stride: MobileNetV3 (ICCV 2019), table 1."""
V2 = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, output channels, repeats, stride of the first: MobileNetV2 (CVPR 2018), table 2."""
TABLE_1_MS = {"MobileNetV3": 595, "MobileNetV2": 3571}
"""Survey, Table 1: Raspberry Pi 4B+, 48x48 pictures of RAF-DB."""
TABLE_1_ACCURACY = 0.7923
CLASSES_RAF_DB = 7
NCNN_MOBILENET_V3_MS = {
    "Raspberry Pi 4B, 4 threads": 47.53,
    "Jetson TX2 NX, GPU": 8.01,
    "AWS c5.4xlarge, 8 threads": 3.87,
    "Tesla V100 PCIe, GPU, fp16": 2.04,
    "Snapdragon 835, 4 threads": 24.79,
}
"""Average milliseconds of mobilenet_v3 (Large, 224x224) in Tencent/ncnn@a4d2ea1 benchmark/README.md."""
PI_WATT = 0.6 * 5.1
"""Typical active current of the bare board times the supply voltage: documentation of the Raspberry Pi."""
PIXEL_2 = 65.86e9 / 4.5
"""FLOP/s: survey, Table 1, YOLOv3 in 4500 ms; ../vgg16-edge-cloud."""


def halved(size: int, stride: int) -> int:
    """Return the side of a padded convolution's output."""
    return -(-size // stride)


def plain(channels: int, filters: int, kernel: int, size: int) -> Layers:
    """Count a convolution with batch normalisation and no bias."""
    return conv(channels, filters, kernel, size, batch_norm=True, bias=False)


def depthwise(channels: int, kernel: int, size: int) -> Layers:
    """Count one filter a channel, with batch normalisation."""
    return Layers(channels * kernel**2 * size**2, channels * kernel**2 + 4 * channels)


def excite(channels: int) -> Layers:
    """Count squeeze-and-excite: a quarter of the channels, rounded to a multiple of 8."""
    squeezed = max(8, int(channels / 4 + 4) // 8 * 8)
    squeezed += 8 * (squeezed < 0.9 * channels / 4)
    return linear(channels, squeezed) + linear(squeezed, channels)


def bottleneck(channels: int, expanded: int, outputs: int, kernel: int, size: int, stride: int) -> Layers:
    """Count expansion, depthwise convolution and projection of a picture of size x size."""
    layers = plain(channels, expanded, 1, size) if expanded != channels else Layers(0, 0)
    size = halved(size, stride)
    return layers + depthwise(expanded, kernel, size) + plain(expanded, outputs, 1, size)


def mobilenet_v3_large(size: int, classes: int) -> list[Stage]:
    """18 stages: first convolution, 15 bottlenecks, last convolution with the mean, classifier."""
    size = halved(size, 2)
    stages, channels = [Stage(plain(3, 16, 3, size), 16 * size**2)], 16
    for kernel, expanded, outputs, excited, stride in V3_LARGE:
        layers = bottleneck(channels, expanded, outputs, kernel, size, stride)
        size, channels = halved(size, stride), outputs
        stages.append(Stage(layers + (excite(expanded) if excited else Layers(0, 0)), outputs * size**2))
    stages.append(Stage(plain(channels, 960, 1, size), 960))
    return [*stages, Stage(linear(960, 1280) + linear(1280, classes), classes)]


def mobilenet_v2(size: int, classes: int) -> Layers:
    """Count MobileNetV2 of width 1."""
    size = halved(size, 2)
    layers, channels = plain(3, 32, 3, size), 32
    for expansion, outputs, repeats, first in V2:
        for number in range(repeats):
            stride = first if number == 0 else 1
            layers += bottleneck(channels, expansion * channels, outputs, 3, size, stride)
            size, channels = halved(size, stride), outputs
    return layers + plain(channels, 1280, 1, size) + linear(1280, classes)


def speed(name: str, flops: float, milliseconds: float, watt: float | None = None) -> None:
    """Print FLOP / s and, with a power, J / FLOP."""
    energy = "" if watt is None else f", {watt * milliseconds / 1e3 / flops:.4g} J/FLOP"
    print(f"{name}: {flops / 1e6:.5g} MFLOP / {milliseconds:g} ms = {flops / milliseconds * 1e3:.4g} FLOP/s{energy}")


def main() -> None:
    """Run from the command line."""
    large, small = mobilenet_v3_large(224, 1000), mobilenet_v3_large(48, CLASSES_RAF_DB)
    write_stages(FOLDER / "stages.csv", large)
    write_stages(FOLDER / "stages-48.csv", small)
    last = (len(small), 0.0, 1.0, TABLE_1_ACCURACY)
    write_table(FOLDER / "exits-48.csv", "stage,threshold,exit_rate,accuracy", [last])
    flops, flops_48, v2_48 = (2.0 * layers.macs for layers in (total(large), total(small), mobilenet_v2(48, 7)))
    print(f"MobileNetV3-Large, 224x224: {total(large).macs:,} MAC, {total(large).parameters:,} values of parameters")
    print(f"MobileNetV2, 224x224: {mobilenet_v2(224, 1000).macs:,} MAC")
    print("- fits: in instance.toml")
    for machine, watt in (("Raspberry Pi 4B, 4 threads", PI_WATT), ("Jetson TX2 NX, GPU", None)):
        speed(machine, flops, NCNN_MOBILENET_V3_MS[machine], watt)
    for machine in ("AWS c5.4xlarge, 8 threads", "Tesla V100 PCIe, GPU, fp16"):
        speed(machine, flops, NCNN_MOBILENET_V3_MS[machine])
    print("- fit: in table-1.toml")
    speed("Raspberry Pi 4B+, Table 1, MobileNetV3 at 48x48", flops_48, TABLE_1_MS["MobileNetV3"], PI_WATT)
    print("- checks")
    speed("Raspberry Pi 4B+, Table 1, MobileNetV2 at 48x48", v2_48, TABLE_1_MS["MobileNetV2"])
    print(f"  at MobileNetV3's speed it would take {v2_48 / flops_48 * TABLE_1_MS['MobileNetV3']:.0f} ms")
    machine = "Snapdragon 835, 4 threads"
    speed(machine, flops, NCNN_MOBILENET_V3_MS[machine])
    print(f"  at Table 1's speed of the Pixel 2, {PIXEL_2:.4g} FLOP/s, it would take {flops / PIXEL_2 * 1e3:.1f} ms")


if __name__ == "__main__":
    main()

"""Write stages.csv and print the speeds, energies and checks that README.md and instance.toml quote."""

from __future__ import annotations

from pathlib import Path

from serflow_opt.instances.architectures import Stage, conv, linear, total, write_stages

FOLDER = Path(__file__).parent
WIDTHS = (64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512)
POOLED = (2, 4, 7, 10, 13)
"""Convolutions, counted from 1, that a 2x2 pooling follows."""
YOLO_FLOPS = {
    "YOLOv3-320": 38.97e9,
    "YOLOv3-416": 65.86e9,
    "YOLOv3-608": 140.69e9,
    "Tiny YOLO (v2)": 5.41e9,
    "YOLOv4-608": 128.5e9,
}
"""2 x multiply-accumulates: the table of Darknet's page on YOLO; YOLOv4: README.md of AlexeyAB/darknet."""
NCNN_VGG16_MS = {
    "Raspberry Pi 4B, 4 threads": 547.09,
    "Jetson TX2 NX, GPU": 63.06,
    "Snapdragon 835, 4 threads": 394.09,
    "Tesla V100 PCIe, GPU, fp16": 3.17,
    "AWS c5.4xlarge, 8 threads": 37.01,
}
"""Average milliseconds of VGG16 in Tencent/ncnn@a4d2ea1 benchmark/README.md."""
PI_WATT = 0.6 * 5.1
"""Typical active current of the bare board times the supply voltage: documentation of the Raspberry Pi."""
WIFI_BIT_S = 82.8e6


def vgg16(size: int, classes: int) -> list[Stage]:
    """VGG16 as published, no normalisation: 13 convolutions, each with its pooling, and three linear layers."""
    stages, channels = [], 3
    for number, filters in enumerate(WIDTHS, start=1):
        layers = conv(channels, filters, 3, size)
        if number in POOLED:
            size //= 2
        stages.append(Stage(layers, filters * size**2))
        channels = filters
    for inputs, outputs in ((512 * size**2, 4096), (4096, 4096), (4096, classes)):
        stages.append(Stage(linear(inputs, outputs), outputs))
    return stages


def speed(name: str, flops: float, milliseconds: float, watt: float | None = None) -> None:
    """Print FLOP / s and, with a power, J / FLOP."""
    energy = "" if watt is None else f", {watt * milliseconds / 1e3 / flops:.4g} J/FLOP"
    print(f"{name}: {flops / 1e9:.4g} GFLOP / {milliseconds:g} ms = {flops / milliseconds * 1e3:.4g} FLOP/s{energy}")


def main() -> None:
    """Run from the command line."""
    stages = vgg16(224, 1000)
    write_stages(FOLDER / "stages.csv", stages)
    whole = total(stages)
    flops = 2.0 * whole.macs
    print(f"VGG16, 224x224: {whole.macs:,} MAC, {whole.parameters:,} parameters")
    print("- fits: in instance.toml")
    speed("titan-xp, survey Table 5", flops, 14.5)
    speed("v100, survey Table 2, YOLOv4-608", YOLO_FLOPS["YOLOv4-608"], 16.1)
    speed("pixel-2, survey Table 1, YOLOv3 at 416", YOLO_FLOPS["YOLOv3-416"], 4500, 4.4)
    speed("raspberry-pi-4b, ncnn", flops, NCNN_VGG16_MS["Raspberry Pi 4B, 4 threads"], PI_WATT)
    speed("jetson-tx2-nx, ncnn", flops, NCNN_VGG16_MS["Jetson TX2 NX, GPU"])
    print(f"sending: {PI_WATT:.2f} W x 8 / {WIFI_BIT_S:g} bit/s = {PI_WATT * 8 / WIFI_BIT_S:.4g} J/byte")
    print("- checks")
    speed("Titan X, survey Table 2, YOLOv3-608, as printed", YOLO_FLOPS["YOLOv3-608"], 57.9)
    speed("Titan X, YOLOv3-608, time in the YOLOv3 paper", YOLO_FLOPS["YOLOv3-608"], 51)
    for size in ("320", "608"):
        speed(f"pixel-2 if YOLOv3 ran at {size}", YOLO_FLOPS[f"YOLOv3-{size}"], 4500, 4.4)
    speed("pixel-2, survey Table 1, Tiny-YOLO at 416", YOLO_FLOPS["Tiny YOLO (v2)"], 1200, 4)
    speed("Snapdragon 835, ncnn", flops, NCNN_VGG16_MS["Snapdragon 835, 4 threads"])
    speed("V100, ncnn", flops, NCNN_VGG16_MS["Tesla V100 PCIe, GPU, fp16"])
    speed("c5.4xlarge, ncnn", flops, NCNN_VGG16_MS["AWS c5.4xlarge, 8 threads"])
    tiny = 2.0 * total(vgg16(64, 200)).macs
    speed("P100, survey Table 5, one Tiny ImageNet image", tiny, 57)
    speed("CPU, survey Table 5, one Tiny ImageNet image", tiny, 1300)


if __name__ == "__main__":
    main()

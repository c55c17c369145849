"""One training step of a residual network in PyTorch, for `npm run bench -- train`.

    python3 pytorch-train.py THREADS BATCH [resnet20|resnet18]

ResNet-20 takes CIFAR's images, ResNet-18 images of 64 x 64. Says its version on the first line. Every line on standard input is answered with the
milliseconds of processor time of one step: forward, backward, SGD.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional

threads, batch = int(sys.argv[1]), int(sys.argv[2])
name = sys.argv[3] if len(sys.argv) > 3 else "resnet20"
torch.set_num_threads(threads)
torch.manual_seed(1)


def layer(inputs, outputs, kernel, stride):
    conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = layer(inputs, outputs, 3, stride)
        self.second = layer(outputs, outputs, 3, 1)
        self.shortcut = layer(inputs, outputs, 1, stride) if inputs != outputs else nn.Identity()

    def forward(self, x):
        return functional.relu(self.second(functional.relu(self.first(x))) + self.shortcut(x))


if name == "resnet18":
    side, classes, inputs, blocks, widths = 64, 1000, 64, 2, (64, 128, 256, 512)
    parts = [layer(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
else:
    side, classes, inputs, blocks, widths = 32, 10, 16, 3, (16, 32, 64)
    parts = [layer(3, 16, 3, 1), nn.ReLU()]
for outputs in widths:
    for i in range(blocks):
        parts.append(Block(inputs, outputs, 2 if i == 0 and outputs > widths[0] else 1))
        inputs = outputs
net = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))
optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
images = torch.randn(batch, 3, side, side)
labels = torch.randint(0, classes, (batch,))

print(f"PyTorch {torch.__version__}", flush=True)
for _ in sys.stdin:
    start = time.process_time()
    optimiser.zero_grad()
    functional.cross_entropy(net(images), labels).backward()
    optimiser.step()
    print(1000 * (time.process_time() - start), flush=True)

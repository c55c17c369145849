"""One training step of CIFAR ResNet-20 in PyTorch, for `npm run bench -- train`.

    python3 pytorch-train.py THREADS BATCH

Says its version on the first line. Every line on standard input is answered with the milliseconds of one step: forward, backward, SGD.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional

threads, batch = int(sys.argv[1]), int(sys.argv[2])
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


parts = [layer(3, 16, 3, 1), nn.ReLU()]
inputs = 16
for outputs in (16, 32, 64):
    for i in range(3):
        parts.append(Block(inputs, outputs, 2 if i == 0 and outputs > 16 else 1))
        inputs = outputs
net = nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))
optimiser = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)
images = torch.randn(batch, 3, 32, 32)
labels = torch.randint(0, 10, (batch,))

print(f"PyTorch {torch.__version__}", flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    optimiser.zero_grad()
    functional.cross_entropy(net(images), labels).backward()
    optimiser.step()
    print(1000 * (time.perf_counter() - start), flush=True)

"""Makes resnet20.json: the gradients of a CIFAR ResNet-20 in training mode, by PyTorch 1.13 in float64.

    python3 test/gradients/resnet20.py > test/gradients/resnet20.json

Weights and images come from a hash of integers, so that the test makes the same ones bit by bit.
"""

import json
import sys

import torch
from torch import nn
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def uniform(stream, count):
    """Numbers in [-1, 1) from a hash of the stream's number and their place."""
    mask = 0xFFFFFFFF
    values = []
    for i in range(count):
        h = (i * 2654435761 + (stream + 1) * 40503) & mask
        h ^= h >> 16
        h = h * 2246822519 & mask
        h ^= h >> 13
        h = h * 3266489917 & mask
        h ^= h >> 16
        values.append(h / 2**31 - 1)
    return torch.tensor(values)


class Block(nn.Module):
    def __init__(self, channels, out_channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out_channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.downsample = (
            nn.Sequential(nn.Conv2d(channels, out_channels, 1, stride, bias=False), nn.BatchNorm2d(out_channels))
            if channels != out_channels
            else None
        )

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        channels = 16
        for stage, out_channels in enumerate([16, 32, 64]):
            blocks = []
            for i in range(3):
                blocks.append(Block(channels, out_channels, 2 if stage > 0 and i == 0 else 1))
                channels = out_channels
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


def start(name, shape, values):
    if len(shape) > 1:
        return values * (6 / shape[1:].numel()) ** 0.5
    return values * 0.2 + (1 if name.endswith("weight") else 0)


model = ResNet20().train()
with torch.no_grad():
    for stream, (name, weight) in enumerate(model.named_parameters()):
        weight.copy_(start(name, weight.shape, uniform(stream, weight.numel()).reshape(weight.shape)))

images = uniform(1000, 4 * 3 * 8 * 8).reshape(4, 3, 8, 8).requires_grad_()
labels = [0, 3, 6, 9]
logits = model(images)
loss = F.cross_entropy(logits, torch.tensor(labels))
loss.backward()


def summary(tensor):
    flat = tensor.flatten()
    places = sorted({i * (len(flat) - 1) // 5 for i in range(6)})
    return {
        "shape": list(tensor.shape),
        "norm": flat.norm().item(),
        "sum": flat.sum().item(),
        "samples": {str(i): flat[i].item() for i in places},
    }


result = {
    "images": [4, 3, 8, 8],
    "labels": labels,
    "loss": loss.item(),
    "logits": logits.flatten().tolist(),
    "gradients": {name: summary(weight.grad) for name, weight in model.named_parameters()},
}
json.dump(result, sys.stdout, indent=1)
print()

# Makes pytorch.json: the first updates of a small network, by PyTorch in float64. Made with PyTorch 1.13.
#   python3 src/train/graph/pytorch.py > src/train/graph/pytorch.json
import copy
import json

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(4)
torch.set_default_dtype(torch.float64)
steps = 5


class Adder(torch.autograd.Function):
    """-sum |x - w| with the gradients of AdderNet (CVPR 2020), from their formulas."""

    @staticmethod
    def forward(ctx, x, w):
        columns = F.unfold(x, 3).unsqueeze(1)  # [N, 1, K, P]
        weights = w.flatten(1)[None, :, :, None]  # [1, O, K, 1]
        ctx.save_for_backward(columns, weights)
        ctx.shapes = x.shape, w.shape
        return -(columns - weights).abs().sum(2).unflatten(2, (x.shape[2] - 2, x.shape[3] - 2))

    @staticmethod
    def backward(ctx, dy):
        columns, weights = ctx.saved_tensors
        x, w = ctx.shapes
        dy = dy.flatten(2).unsqueeze(2)
        dw = (dy * (columns - weights)).sum((0, 3)).reshape(w)
        dx = (dy * (weights - columns).clamp(-1, 1)).sum(1)
        return F.fold(dx, x[2:], 3), dw


class AdderConv(nn.Conv2d):
    def forward(self, x):
        return Adder.apply(x, self.weight)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, bias=False)
        self.bn2 = nn.BatchNorm2d(6)
        self.fc = nn.Linear(6 * 2 * 2, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        self.feature = F.relu(self.bn2(self.conv2(x)))
        return self.fc(self.feature.flatten(1))


def rounded(module):
    with torch.no_grad():
        for p in module.parameters():
            p.copy_((p * 1e4).round() / 1e4)
    return module


images = (torch.randn(4, 1, 8, 8) * 1e3).round() / 1e3
labels = torch.tensor([0, 2, 1, 1])
start = rounded(Net())
teacher = rounded(Net()).eval()


def distillation(z, net):
    t = 3
    with torch.no_grad():
        taught = teacher(images)
    kl = F.kl_div(F.log_softmax(z / t, 1), F.softmax(taught / t, 1), reduction='batchmean') * t * t
    return 0.3 * F.cross_entropy(z, labels) + 0.7 * kl + 0.5 * F.mse_loss(net.feature, teacher.feature)


losses = {
    'plain': lambda z, net: F.cross_entropy(z, labels),
    'smoothed': lambda z, net: F.cross_entropy(z, labels, label_smoothing=0.2),
    'squared': lambda z, net: F.mse_loss(z, F.one_hot(labels, 3).double()),
    'distilled': distillation,
    'adder': lambda z, net: F.cross_entropy(z, labels),
}


def updates(name):
    net = copy.deepcopy(start)
    if name == 'adder':
        weight = net.conv2.weight
        net.conv2 = AdderConv(4, 6, 3, bias=False)
        net.conv2.weight = weight
    groups = [
        {'params': [p for p in net.parameters() if p.dim() > 1], 'weight_decay': 5e-4},
        {'params': [p for p in net.parameters() if p.dim() == 1], 'weight_decay': 0},
    ]
    optimiser = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    seen = []
    for _ in range(steps):
        loss = losses[name](net(images), net)
        optimiser.zero_grad()
        loss.backward()
        if name == 'adder':
            g = net.conv2.weight.grad
            g.mul_(0.2 * g.numel() ** 0.5 / g.norm())
        optimiser.step()
        seen.append(loss.item())
    return {'losses': seen, 'after': arrays(net)}


def arrays(net):
    return {name: value.flatten().tolist() for name, value in net.state_dict().items() if value.dim() > 0}


def short(value):
    if isinstance(value, float):
        return round(value, 7)
    if isinstance(value, list):
        return [short(v) for v in value]
    return {k: short(v) for k, v in value.items()} if isinstance(value, dict) else value


print(json.dumps(short({
    'images': images.flatten().tolist(),
    'labels': labels.tolist(),
    'start': arrays(start),
    'teacher': arrays(teacher),
    'cases': {name: updates(name) for name in losses},
})))

# Makes pytorch.json: the learning rate of every step by PyTorch's schedulers. Made with PyTorch 1.13.
#   python3 src/train/schedules/pytorch.py > src/train/schedules/pytorch.json
import json
import torch
from torch.optim import lr_scheduler as s

total, per_epoch = 40, 5


def rates(make, every=1):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.4)
    scheduler = make(optimiser)
    out = []
    for step in range(total):
        out.append(optimiser.param_groups[0]['lr'])
        optimiser.step()
        if (step + 1) % every == 0 and step + 1 < total:
            scheduler.step()
    return out


def warm(optimiser, steps, after):
    linear = s.LinearLR(optimiser, start_factor=0.01, total_iters=steps)
    return s.SequentialLR(optimiser, [linear, after], milestones=[steps])


print(json.dumps({
    'totalSteps': total,
    'stepsPerEpoch': per_epoch,
    'learningRate': 0.4,
    'cases': {
        'constant': rates(lambda o: s.LambdaLR(o, lambda _: 1)),
        'everyEpochs': rates(lambda o: s.StepLR(o, 3, 0.5), per_epoch),
        'atEpochs': rates(lambda o: s.MultiStepLR(o, [2, 6], 0.1), per_epoch),
        'cosine': rates(lambda o: s.CosineAnnealingLR(o, total, 0.01)),
        'cosinePerEpoch': rates(lambda o: s.CosineAnnealingLR(o, total // per_epoch), per_epoch),
        'warmUpCosine': rates(lambda o: warm(o, 10, s.CosineAnnealingLR(o, total - 10))),
        'oneCycle': rates(lambda o: s.OneCycleLR(o, 0.4, total_steps=total)),
        'oneCycleLinear': rates(lambda o: s.OneCycleLR(
            o, 0.4, total_steps=total, pct_start=0.45, div_factor=10, final_div_factor=100, anneal_strategy='linear')),
    },
}))
